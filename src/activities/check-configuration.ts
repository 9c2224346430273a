import { createHash } from 'node:crypto';
import { ExportError } from '../errors';
import { tagKey } from '../contract/tag-name';
import { listOf } from '../text/format';
import {
  type FieldSettings,
  TagNameSchema,
  type Configuration,
  type ConfigureRequest,
} from '../contract/destination';
import type { Tag } from '../ports/mailchimp';
import type { DateFormat, FieldMatch, MergeField } from '../contract/merge-field';
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
 *   MERGE_FIELD_UNSUPPORTED, REQUIRED_FIELD_UNMATCHED
 */
export function createCheckConfiguration({ staging, openAccount, openSource }: ActivityDependencies) {
  return async function checkConfiguration(input: CheckConfigurationInput): Promise<CheckedConfiguration> {
    const { request } = input;
    const problems = new Problems();
    const description = await describeSource(openSource, input.source);
    problems.collect(() => requireEmail(request));
    problems.collect(() => requireAttributes(request, description));
    const segments = chooseSegments(request, description, problems);

    const account = await openAccount(input.account);
    const fields = matchFields(request, await account.mergeFields(input.audienceId), problems);
    problems.throwIfAny();
    const tags = new Map((await account.tags(input.audienceId)).map((tag) => [tagKey(tag.name), tag]));
    const own = new Set(await staging.ownTags(input.destinationId));
    const checked = segments.map((chosen) => withHolder(chosen, tags, own));
    const { email, strict, optedOut, guards, staleAfterHours } = request;
    const { attribute: latest = null, format: latestFormat } = latestOf(request);
    return {
      email,
      fields,
      strict,
      optedOut,
      latest,
      ...(latestFormat && { latestFormat }),
      segments: checked,
      guards,
      ...(staleAfterHours !== undefined && { staleAfterHours }),
      digest: digestOf(segments),
    };
  };
}

function requireEmail({ email }: ConfigureRequest): void {
  if (email !== '') return;
  throw new ExportError(
    'EMAIL_NOT_MATCHED',
    'No attribute is matched to Email. Match one with --email, or with email under configure in the configuration file: Mailchimp identifies a contact by its address.',
  );
}

function requireAttributes(request: ConfigureRequest, { attributes }: SourceDescription): void {
  const named = [
    ...(request.email === '' ? [] : [request.email]),
    ...fieldSettings(request).map(({ attribute }) => attribute),
  ];
  const { attribute: latest } = latestOf(request);
  if (latest !== undefined) named.push(latest);
  const missing = named.filter((name) => !attributes.includes(name));
  if (missing.length === 0) return;
  throw new ExportError(
    'ATTRIBUTE_NOT_FOUND',
    `The source has no attribute ${list(missing)}. Match one that it has: ${list(attributes)}.`,
  );
}

function latestOf({ latest }: ConfigureRequest): {
  readonly attribute?: string;
  readonly format?: DateFormat | undefined;
} {
  if (latest === undefined) return {};
  return typeof latest === 'string' ? { attribute: latest } : latest;
}

/** Each matched merge field with its settings; a plain attribute name means the defaults. */
function fieldSettings({ fields }: ConfigureRequest): ({ readonly tag: string } & FieldSettings)[] {
  return Object.entries(fields).map(([tag, settings]) =>
    typeof settings === 'string' ? { tag, attribute: settings, empty: 'clear' } : { tag, ...settings },
  );
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
  return fieldSettings(request).flatMap(({ tag, attribute, empty, format, decimal }) => {
    const field = available.find((candidate) => candidate.tag === tag);
    if (!field) return [];
    problems.collect(() => refuseType(field));
    problems.collect(() => refuseFormat(field, format));
    problems.collect(() => refuseDecimal(field, decimal));
    return [{ attribute, field, empty, ...(format && { format }), ...(decimal && { decimal }) }];
  });
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

function refuseType({ tag, type }: MergeField): void {
  if (type !== 'address') return;
  throw new ExportError(
    'MERGE_FIELD_UNSUPPORTED',
    `The merge field ${tag} is of type address, which is not supported yet. Match another field.`,
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
