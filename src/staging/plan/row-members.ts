import { groupId, isMergeField } from '../../contract/merge-field';
import { quoteText } from '../../duckdb/quote';
import type { MoreMembers } from '../store/documents';
import { extractAttributes, inGroups, matchedColumn, type Matching } from './attributes';
import { evidenceOf } from './signup';
import { type WireMatch, wireJson, wireValue } from './wire-values';

// A row of a request is joined from texts of JSON members, which SQL makes of a profile of the snapshot.

type WireMatching = Omit<Matching, 'fields'> & { readonly fields: readonly WireMatch[] };

/** SQL for each group of merge fields: their members of a JSON object, without the empty ones. */
export function fieldMembers(matching: WireMatching): string[] {
  const fields = matching.fields.filter(({ field }) => isMergeField(field));
  return membersOf(matching, fields, ({ field }) => field.tag);
}

/** The same for all else that a row may say. */
export function moreMembers(matching: WireMatching): MoreMembers {
  const ofType = (type: string): WireMatch[] => matching.fields.filter(({ field }) => field.type === type);
  const attributes = extractAttributes(matching);
  const evidence = evidenceOf(matching.signup, attributes).map(({ name, text }) =>
    memberOf(name, `to_json(${text})`),
  );
  return {
    groups: membersOf(matching, ofType('group'), ({ field }) => groupId(field)),
    always: membersOf(matching, ofType('language'), () => 'language'),
    ifNew: evidence.length === 0 ? [] : [joined(evidence)],
  };
}

function membersOf(
  matching: WireMatching,
  fields: readonly WireMatch[],
  nameOf: (match: WireMatch) => string,
): string[] {
  const attributes = extractAttributes(matching);
  return inGroups(fields).map((group) =>
    joined(
      group.map((match) => {
        const { text } = wireValue(matchedColumn(attributes, match), match);
        return memberOf(nameOf(match), wireJson(`(${text})`, match.field));
      }),
    ),
  );
}

/** SQL: null where the value is null. */
function memberOf(name: string, json: string): string {
  return `${quoteText(`${JSON.stringify(name)}:`)} || ${json}`;
}

function joined(members: readonly string[]): string {
  return `concat_ws(',', ${members.join(', ')})`;
}
