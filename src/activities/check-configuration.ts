import { createHash } from 'node:crypto';
import { ExportError } from '../errors';
import { tagKey } from '../contract/tag-name';
import { listOf } from '../text/format';
import {
  TagNameSchema,
  type Configuration,
  type ConfigureRequest,
  type MatchedExpression,
} from '../contract/destination';
import {
  emailsOf,
  nameOfValue,
  requestedFields,
  requestedGroups,
  valuesIn,
  type RequestedField,
} from '../contract/requested-matching';
import type { Group, MailchimpAccount, Tag } from '../ports/mailchimp';
import {
  groupField,
  LANGUAGE,
  type DateFormat,
  type FieldMatch,
  type MergeField,
} from '../contract/merge-field';
import type { SegmentInfo, SourceDescription } from '../ports/source';
import type { ActivityDependencies } from './dependencies';
import { describeSource } from './rules/describe-source';
import { Problems } from './rules/problems';

export interface CheckConfigurationInput {
  readonly destinationId: string;
  readonly account: string;
  readonly audienceId: string;
  readonly source: string;
  readonly request: ConfigureRequest;
}

/** A chosen segment: the destination decides whether it gets the tag, since its own tags may change during the check. */
export interface CheckedSegment {
  readonly segment: string;
  /** Undefined: the name of the segment. */
  readonly tag?: string;
  /** The tag of the audience with this name. */
  readonly holder?: {
    readonly id: number;
    /** Undefined: as it is chosen, also in case. */
    readonly name?: string;
    /** An export of the destination created it. */
    readonly isOwn?: boolean;
  };
}

export interface CheckedConfiguration extends Omit<Configuration, 'segments'> {
  readonly segments: readonly CheckedSegment[];
}

/**
 * Checks data matching and segments against the source and the audience, and returns them completed with merge fields and the tags that
 * have the names. Changes nothing; a retry checks again. All that is wrong is in one error, with the code of the first.
 * @throws ExportError EMAIL_NOT_MATCHED, ATTRIBUTE_NOT_FOUND, SEGMENT_NOT_FOUND, TAG_INVALID, MERGE_FIELD_NOT_FOUND,
 *   MERGE_FIELD_UNSUPPORTED, REQUIRED_FIELD_UNMATCHED, GROUP_NOT_FOUND, EXPRESSION_INVALID
 */
export function createCheckConfiguration({ staging, openAccount, openSource }: ActivityDependencies) {
  return async function checkConfiguration(input: CheckConfigurationInput): Promise<CheckedConfiguration> {
    const { request } = input;
    const problems = new Problems();
    const description = await describeSource(openSource, input.source);
    problems.collect(() => requireEmail(request));
    problems.collect(() => requireAttributes(request, description));
    const expressions = await readExpressions(staging, request, { description, problems });
    const segments = chooseSegments(request, description, problems);

    const account = await openAccount(input.account);
    const fields = matchFields(request, await account.mergeFields(input.audienceId), problems);
    const groups = await matchGroups(request, account, { audienceId: input.audienceId, problems });
    problems.throwIfAny();
    const tags = new Map((await account.tags(input.audienceId)).map((tag) => [tagKey(tag.name), tag]));
    const own = new Set(await staging.ownTags(input.destinationId));
    const checked = segments.map((chosen) => withHolder(chosen, tags, own));
    const { strict, optedOut, leavers, rejects, guards, approval, staleAfterHours, addOnlyIf, verify } =
      request;
    const [email = '', ...otherEmails] = emailsOf(request);
    const { attribute: latest = null, format: latestFormat } = latestOf(request);
    return {
      email,
      ...(otherEmails.length > 0 && { otherEmails }),
      fields: [...fields, ...groups, ...languageOf(request)],
      strict,
      optedOut,
      latest,
      ...(latestFormat && { latestFormat }),
      ...(addOnlyIf !== undefined && { addOnlyIf: nameOfValue(addOnlyIf) }),
      ...signupOf(request),
      ...(expressions.length > 0 && { expressions }),
      segments: checked,
      ...(leavers !== 'untag' && { leavers }),
      ...(rejects && Object.keys(rejects).length > 0 && { rejects }),
      guards,
      ...(approval?.by === 'other' && { approval }),
      ...(staleAfterHours !== undefined && { staleAfterHours }),
      ...(verify && { verify }),
      digest: digestOf(segments),
    };
  };
}

function requireEmail(request: ConfigureRequest): void {
  if (emailsOf(request).length > 0) return;
  throw new ExportError(
    'EMAIL_NOT_MATCHED',
    'No attribute is matched to Email. Match one with --email, or with email under configure in the configuration file: Mailchimp identifies a contact by its address.',
  );
}

function requireAttributes(request: ConfigureRequest, { attributes }: SourceDescription): void {
  const missing = new Set(
    valuesIn(request).flatMap(({ value }) =>
      typeof value !== 'string' || attributes.includes(value) ? [] : [value],
    ),
  );
  if (missing.size === 0) return;
  throw new ExportError(
    'ATTRIBUTE_NOT_FOUND',
    `The source has no attribute ${list([...missing])}. Match one that it has: ${list(attributes)}.`,
  );
}

/** The expressions of a request, each once, with the attributes that they read. */
async function readExpressions(
  staging: ActivityDependencies['staging'],
  request: ConfigureRequest,
  { description, problems }: { readonly description: SourceDescription; readonly problems: Problems },
): Promise<MatchedExpression[]> {
  const { attributes } = description;
  const sqls = valuesIn(request).flatMap(({ value }) => (typeof value === 'string' ? [] : [value.sql]));
  const expressions: MatchedExpression[] = [];
  for (const sql of new Set(sqls)) {
    const checked = await staging.expressionReads(sql, attributes).then(
      (reads) => () => [...reads],
      (error: unknown) => () => {
        throw error;
      },
    );
    const reads = problems.collect(() => {
      refuseAttributeName(sql, attributes);
      return checked();
    });
    if (reads) expressions.push({ sql, reads });
  }
  return expressions;
}

/** From then on, an expression is known by its SQL as an attribute is by its name. */
function refuseAttributeName(sql: string, attributes: readonly string[]): void {
  if (!attributes.includes(sql)) return;
  throw new ExportError(
    'EXPRESSION_INVALID',
    `The SQL "${sql}" of the matching is the name of an attribute. Match the attribute itself.`,
  );
}

function latestOf({ latest }: ConfigureRequest): {
  readonly attribute?: string;
  readonly format?: DateFormat | undefined;
} {
  if (latest === undefined) return {};
  return typeof latest === 'string' ? { attribute: latest } : latest;
}

/** The segments that can be exported, each with its tag. */
function chooseSegments(request: ConfigureRequest, description: SourceDescription, problems: Problems) {
  problems.collect(() => requireSegments(request, description));
  const chosen = Object.entries(request.segments).flatMap(([segment, tag]) => {
    const found = description.segments.find(({ id }) => id === segment);
    const name = found && (tag ?? problems.collect(() => ownTag(found)));
    return found && name !== undefined ? [{ segment, tag: name, digest: found.digest }] : [];
  });
  const sharing = new Map<string, typeof chosen>();
  for (const one of chosen) {
    const key = tagKey(one.tag);
    sharing.set(key, [...(sharing.get(key) ?? []), one]);
  }
  for (const segments of sharing.values()) problems.collect(() => requireOneSegment(segments));
  return chosen;
}

function requireSegments({ segments }: ConfigureRequest, description: SourceDescription): void {
  const ids = description.segments.map(({ id }) => id);
  const named = Object.keys(segments);
  if (named.length === 0)
    throw new ExportError('SEGMENT_NOT_FOUND', 'No segment is chosen. Choose at least one to export.');
  const missing = named.filter((segment) => !ids.includes(segment));
  if (missing.length === 0) return;
  throw new ExportError(
    'SEGMENT_NOT_FOUND',
    `The source has no segment ${list(missing)}. Choose from: ${list(ids)}.`,
  );
}

function requireOneSegment([first, ...others]: readonly {
  readonly segment: string;
  readonly tag: string;
}[]): void {
  if (!first || others.length === 0) return;
  throw new ExportError(
    'TAG_INVALID',
    `The segments ${list([first, ...others].map(({ segment }) => segment))} would become the tag "${first.tag}" (Mailchimp ignores ` +
      'case). Give each another tag.',
  );
}

/** The tag of a segment without a configured one: its own name, which the source does not restrict. */
function ownTag({ id, name }: SegmentInfo): string {
  const tag = TagNameSchema.safeParse(name);
  if (tag.success) return tag.data;
  throw new ExportError(
    'TAG_INVALID',
    `The segment ${id} has a name that cannot be a tag: a tag has 1 to 100 characters, and no control characters. Configure a tag for it.`,
  );
}

/** The matches that can be filled. */
function matchFields(
  request: ConfigureRequest,
  available: readonly MergeField[],
  problems: Problems,
): FieldMatch[] {
  problems.collect(() => requireFields(request, available));
  problems.collect(() => requireMatched(request, available));
  return requestedFields(request).flatMap(({ tag, ...match }) => {
    const field = available.find((candidate) => candidate.tag === tag);
    if (!field) return [];
    problems.collect(() => refuseType(field, match));
    problems.collect(() => refuseFormat(field, match.format));
    problems.collect(() => refuseDecimal(field, match.decimal));
    return [{ ...match, field }];
  });
}

/** The groups that a request names; they are read only where it names some. */
async function matchGroups(
  request: ConfigureRequest,
  account: MailchimpAccount,
  { audienceId, problems }: { readonly audienceId: string; readonly problems: Problems },
): Promise<FieldMatch[]> {
  const requested = requestedGroups(request);
  if (requested.length === 0) return [];
  const available = await account.groups(audienceId);
  problems.collect(() => requireGroups(requested, available));
  return requested.flatMap(({ name, attribute, empty }) => {
    const group = groupNamed(name, available);
    return group ? [{ attribute, field: groupField(group), ...(empty && { empty }) }] : [];
  });
}

function requireGroups(requested: readonly { readonly name: string }[], available: readonly Group[]): void {
  const missing = requested.filter(({ name }) => !groupNamed(name, available));
  if (missing.length > 0)
    throw new ExportError(
      'GROUP_NOT_FOUND',
      `The audience has no group ${list(missing.map(({ name }) => name))}. A group is named "Category/Group"; it has: ${list(available.map(({ name }) => name))}.`,
    );
  const ids = requested.map(({ name }) => groupNamed(name, available)?.id);
  const twice = requested.filter((_, index) => ids.indexOf(ids[index]) !== index);
  if (twice.length === 0) return;
  throw new ExportError(
    'GROUP_NOT_FOUND',
    `The group ${list(twice.map(({ name }) => name))} is matched twice: Mailchimp ignores case. Match it once.`,
  );
}

/** As it is written, or else in any case. */
function groupNamed(name: string, available: readonly Group[]): Group | undefined {
  const folded = tagKey(name);
  return (
    available.find((group) => group.name === name) ?? available.find((group) => tagKey(group.name) === folded)
  );
}

/** A contact always has some language: an empty value changes nothing. */
function languageOf({ language }: ConfigureRequest): FieldMatch[] {
  return language === undefined ? [] : [{ attribute: nameOfValue(language), field: LANGUAGE, empty: 'keep' }];
}

function signupOf({ signup }: ConfigureRequest): Pick<Configuration, 'signup'> {
  if (!signup) return {};
  const { ip, at } = signup;
  return {
    signup: {
      ...(ip !== undefined && { ip: nameOfValue(ip) }),
      ...(at !== undefined && { at: nameOfValue(at) }),
    },
  };
}

function requireFields({ fields }: ConfigureRequest, available: readonly MergeField[]): void {
  const tags = available.map(({ tag }) => tag);
  const missing = Object.keys(fields).filter((tag) => !tags.includes(tag));
  if (missing.length === 0) return;
  throw new ExportError(
    'MERGE_FIELD_NOT_FOUND',
    `The audience has no merge field ${missing.join(', ')}. It has: ${list(tags)}. ` +
      'Add each in Mailchimp first: Mailchimp drops the values of unknown fields silently.',
  );
}

function refuseType({ tag, type }: MergeField, { address }: Pick<RequestedField, 'address'>): void {
  if ((type === 'address') === (address !== undefined)) return;
  throw new ExportError(
    'MERGE_FIELD_UNSUPPORTED',
    address
      ? `The merge field ${tag} is of type ${type}, which has no parts. Match one attribute.`
      : `The merge field ${tag} is of type address. Match its parts: address: { addr1: …, city: …, state: …, zip: … }.`,
  );
}

function requireMatched({ fields }: ConfigureRequest, available: readonly MergeField[]): void {
  const unmatched = available.filter(({ tag, required }) => required && !(tag in fields));
  if (unmatched.length === 0) return;
  throw new ExportError(
    'REQUIRED_FIELD_UNMATCHED',
    `The audience requires ${list(unmatched.map(({ tag }) => tag))}, which no attribute is matched to: Mailchimp would reject every contact. ` +
      'Match it, or make it optional in Mailchimp.',
  );
}

function refuseFormat({ tag, type }: MergeField, format: DateFormat | undefined): void {
  if (format === undefined || type === 'birthday' || (type === 'date' && format !== 'DD/MM')) return;
  throw new ExportError(
    'MERGE_FIELD_UNSUPPORTED',
    `The merge field ${tag} is of type ${type}, which cannot be read as ${format}. ` +
      'A format is for fields of type date and birthday, and DD/MM for birthdays only.',
  );
}

function refuseDecimal({ tag, type }: MergeField, decimal: string | undefined): void {
  if (decimal === undefined || type === 'number') return;
  throw new ExportError(
    'MERGE_FIELD_UNSUPPORTED',
    `The merge field ${tag} is of type ${type}, which has no decimal mark. Set decimal for fields of type number only.`,
  );
}

type Chosen = ReturnType<typeof chooseSegments>[number];

/** The tag of a segment, with the tag of the audience that has its name; left out: the tag, where the segment has the same name. */
function withHolder(
  { segment, tag }: Chosen,
  tags: ReadonlyMap<string, Tag>,
  own: ReadonlySet<number>,
): CheckedSegment {
  const holder = tags.get(tagKey(tag));
  const named = { segment, ...(tag !== segment && { tag }) };
  if (!holder) return named;
  const { id, name } = holder;
  return { ...named, holder: { id, ...(name !== tag && { name }), ...(own.has(id) && { isOwn: true }) } };
}

function digestOf(chosen: readonly Chosen[]): string {
  const hash = createHash('sha256');
  for (const { segment, digest } of chosen) hash.update(`${segment}\n${digest}\n`);
  return hash.digest('hex').slice(0, 16);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : listOf(names.map((name) => `"${name}"`));
}
