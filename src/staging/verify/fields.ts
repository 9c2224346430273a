import { groupId, isMergeField, labelOf, type MatchedField } from '../../contract/merge-field';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { stripped } from '../plan/address';
import { snapshotProfiles } from '../plan/profiles';
import { CONTACTS, hashColumn, readPlan } from '../store/documents';
import { inExport } from '../store/layout';
import { readSnapshot } from '../plan/snapshot';
import type { StepContext } from '../store/workspace';

/** What a comparison of a member calls a field. */
function nameOfField(field: MatchedField): string {
  if (field.type === 'group') return `group ${groupId(field)}`;
  return field.type === 'language' ? 'language' : field.tag;
}

/** The same for a person. */
export function labelsOfFields(fields: readonly MatchedField[]): readonly (readonly [string, string])[] {
  return fields.map((field) => [nameOfField(field), labelOf(field)]);
}

/** Where the values are that were sent: the snapshot of the export with the baseline, and SQL that makes wire values of it. */
interface SentValues {
  readonly contacts: string;
  readonly snapshot: string;
  /** SQL of members of JSON objects: merge fields, groups, and the rest. */
  readonly members: Readonly<Record<'fields' | 'groups' | 'always', readonly string[]>>;
  /** Merge field tags that the plan has a hash of. */
  readonly tags: readonly string[];
}

/** Undefined: the rows of the export are no longer kept, or a version wrote them that did not seal how values are made. */
export async function findSentValues(
  { store, ref }: Pick<StepContext, 'store' | 'ref'>,
  exportId: string,
): Promise<SentValues | undefined> {
  const of = { ...ref, exportId };
  const plan = await readPlan(store, of);
  const contacts = plan && (await store.localFile(inExport(of, plan.folder, CONTACTS)));
  if (!plan?.fields || contacts === undefined) return undefined;
  return {
    contacts,
    snapshot: (await readSnapshot(store, of)).rows,
    members: { fields: plan.fields, groups: plan.more?.groups ?? [], always: plan.more?.always ?? [] },
    tags: plan.request.fields.map(({ field }) => field.tag),
  };
}

interface ComparedFields {
  readonly fields: readonly MatchedField[];
  /** Path of the rows of the baseline. */
  readonly baseline: string;
  readonly sent: SentValues | undefined;
}

/**
 * Creates the table `judged` of the rows of `unequal`, whose `digits` say of which fields the hashes differ: the names of those that differ in
 * their canonical form as well, what was sent, and whether a field could not be compared. Most differ in form only, such as a telephone number
 * that Mailchimp has formatted. Needs `member`.
 */
export async function judgeFields(database: Database, compared: ComparedFields): Promise<void> {
  const { fields, sent } = compared;
  if (!sent) {
    await database.run(
      "CREATE TABLE judged AS SELECT address, []::VARCHAR[] AS differing, true AS is_blind, '{}' AS fields, '{}' AS more FROM unequal",
    );
    return;
  }
  await createWire(database, { ...compared, sent });
  const states = fields.map((field, index) => stateOf(field, index));
  const blind = fields.map((_, index) => `s${index} = 'blind'`);
  await database.run(`
    CREATE TABLE judged AS
    SELECT address, ${namesWhere(fields, (index) => `s${index} = 'differs'`)} AS differing,
      ${['false', ...blind].join(' OR ')} AS is_blind, fields, more
    FROM (SELECT ${['w.address', 'w.fields', 'w.more', ...states].join(', ')} FROM wire w JOIN member m ON m.address = w.address)`);
}

/** Creates the table `judged` of the rows of `unequal`, with the names of all fields whose values are known: for contacts that are to be read alone. */
export async function listKnownFields(database: Database, compared: ComparedFields): Promise<void> {
  const { fields, sent } = compared;
  if (!sent) return judgeFields(database, compared);
  await createWire(database, { ...compared, sent });
  const isKnown = (index: number) =>
    `substr(w.digits, ${index + 1}, 1) = '1' AND substr(w.same, ${index + 1}, 1) = '1' AND ${sentText(fields[index]!)} IS NOT NULL`;
  await database.run(
    `CREATE TABLE judged AS SELECT w.address, ${namesWhere(fields, isKnown)} AS differing, false AS is_blind, w.fields, w.more FROM wire w`,
  );
}

/** SQL: the names of the fields for which a condition holds. */
function namesWhere(fields: readonly MatchedField[], holds: (index: number) => string): string {
  const names = fields.map(
    (field, index) => `CASE WHEN ${holds(index)} THEN ${quoteText(nameOfField(field))} END`,
  );
  return `list_filter([${names.join(', ')}]::VARCHAR[], lambda name: name IS NOT NULL)`;
}

/** Creates the table `wire` of what was sent for the rows of `unequal`; `same`: for each field, 1 where the baseline has the hash of that value. */
async function createWire(
  database: Database,
  { fields, baseline, sent }: ComparedFields & { readonly sent: SentValues },
): Promise<void> {
  const same = fields.map((field) => {
    const column = quoteName(hashColumn({ field }));
    return sent.tags.includes(field.tag) ? `coalesce(p.${column} = b.${column}, false)` : 'false';
  });
  const { members } = sent;
  const groups = members.groups.length > 0 ? [`'"interests":' || ${object(members.groups)}`] : [];
  await database.run(`
    CREATE TABLE sent AS
    SELECT u.address, u.digits, p.n, ${["''", ...same.map((is) => `${is}::INTEGER::VARCHAR`)].join(' || ')} AS same
    FROM unequal u JOIN read_parquet(${quoteText(baseline)}) b ON b.address = u.address
    LEFT JOIN (SELECT * FROM read_parquet(${quoteText(sent.contacts)}) WHERE n IS NOT NULL) p ON p.address = u.address;
    CREATE TABLE wire AS
    SELECT q.address, q.digits, q.same, ${object(members.fields)} AS fields, ${object([...groups, ...members.always])} AS more
    FROM ${snapshotProfiles(sent.snapshot)} s RIGHT JOIN sent q ON q.n = s.n`);
}

/** SQL: an object of members, of which some may be empty. */
function object(members: readonly string[]): string {
  return `'{' || concat_ws(',', ${["''", ...members].map((text) => `nullif(${text}, '')`).join(', ')}) || '}'`;
}

function stateOf(field: MatchedField, index: number): string {
  const sent = sentText(field);
  const isEqual = `${canonical(sent, field)} IS NOT DISTINCT FROM ${canonical(`m.v${index}`, field)}`;
  return `CASE WHEN substr(w.digits, ${index + 1}, 1) = '0' THEN 'equal'
    WHEN substr(w.same, ${index + 1}, 1) = '0' OR ${sent} IS NULL THEN 'blind'
    WHEN ${isEqual} THEN 'equal' ELSE 'differs' END AS s${index}`;
}

function sentText(field: MatchedField): string {
  const path = isMergeField(field)
    ? `$.${JSON.stringify(field.tag)}`
    : field.type === 'group'
      ? `$.interests.${JSON.stringify(groupId(field))}`
      : '$.language';
  return `json_extract_string(w.${isMergeField(field) ? 'fields' : 'more'}, ${quoteText(path)})`;
}

/** Parts that Mailchimp keeps as they are sent: it may write the country as a code. */
const PARTS = ['addr1', 'addr2', 'city', 'state', 'zip'];

/** SQL: a value as both sides write it. Mailchimp trims texts and formats telephone numbers; a single reading has the last word. */
function canonical(text: string, { type }: MatchedField): string {
  if (type === 'number') return `TRY_CAST(${text} AS DOUBLE)`;
  if (type !== 'address') return canonicalText(text);
  const parts = PARTS.map((part) => canonicalText(`coalesce(TRY_CAST(${text} AS JSON)->>'${part}', '')`));
  return `[${parts.join(', ')}]`;
}

function canonicalText(text: string): string {
  const plain = `nfc_normalize(${stripped(text)})`;
  return String.raw`CASE WHEN regexp_matches(${plain}, '\d') AND NOT regexp_matches(${plain}, '\p{L}')
    THEN regexp_replace(${plain}, '[\s().+/-]', '', 'g') ELSE coalesce(${plain}, '') END`;
}
