import { ExportError } from '../errors';
import { TagNameSchema, type Configuration, type ConfigureRequest } from '../contract/destination';
import type { MailchimpAccount } from '../contract/mailchimp';
import type { FieldMatch, MergeField } from '../contract/merge-field';
import type { SegmentInfo, SourceDescription } from '../contract/source';
import type { ActivityDependencies } from './dependencies';
import { describeSource } from './describe-source';

export interface CheckConfigurationInput {
  readonly account: string;
  readonly audienceId: string;
  readonly source: string;
  readonly request: ConfigureRequest;
  /** Tags that this destination has already: they are not taken by somebody else. */
  readonly own: Configuration['segments'];
}

/** Checks data matching and segments against the real source and the real audience. Changes nothing; may be repeated. */
export function createCheckConfiguration({ openAccount, openSource }: ActivityDependencies) {
  return async function checkConfiguration(input: CheckConfigurationInput): Promise<Configuration> {
    const { request } = input;
    if (request.email === '') {
      throw new ExportError(
        'EMAIL_NOT_MATCHED',
        'Match the Email field to an attribute: without an address nobody can be exported.',
      );
    }
    const description = await describeSource(openSource, input.source);
    requireAttributes(request, description);
    const segments = chooseSegments(request, description);

    const account = await openAccount(input.account);
    const fields = matchFields(request, await account.mergeFields(input.audienceId));
    const claimed = await claimTags(account, segments, input);
    return { email: request.email, fields, segments: claimed, guards: request.guards };
  };
}

function requireAttributes(request: ConfigureRequest, { attributes }: SourceDescription): void {
  const missing = [request.email, ...Object.values(request.fields)].filter(
    (name) => !attributes.includes(name),
  );
  if (missing.length === 0) return;
  throw new ExportError(
    'ATTRIBUTE_NOT_FOUND',
    `The source has no attribute ${list(missing)}. It has: ${list(attributes)}.`,
  );
}

function chooseSegments(request: ConfigureRequest, description: SourceDescription) {
  const chosen = Object.entries(request.segments).map(([segment, tag]) => {
    const found = description.segments.find(({ id }) => id === segment);
    if (found) return { segment, tag: tag ?? ownTag(found), digest: found.digest };
    const known = list(description.segments.map(({ id }) => id));
    throw new ExportError('SEGMENT_NOT_FOUND', `The source has no segment "${segment}". It has: ${known}.`);
  });
  if (chosen.length === 0)
    throw new ExportError('SEGMENT_NOT_FOUND', 'Choose at least one segment to export.');
  const seen = new Set<string>();
  for (const { tag } of chosen) {
    const folded = tag.toLowerCase();
    if (seen.has(folded)) {
      throw new ExportError(
        'TAG_INVALID',
        `Two segments would become the tag "${tag}" (case does not count). Give one of them another tag.`,
      );
    }
    seen.add(folded);
  }
  return chosen;
}

/** The source's own name was checked by nobody yet. */
function ownTag({ id, name }: SegmentInfo): string {
  const tag = TagNameSchema.safeParse(name);
  if (tag.success) return tag.data;
  throw new ExportError(
    'TAG_INVALID',
    `The segment ${id} has a name that cannot be a tag: a tag has 1 to 100 characters, and no control characters. Give it another tag.`,
  );
}

function matchFields(request: ConfigureRequest, available: readonly MergeField[]): FieldMatch[] {
  const matches = Object.entries(request.fields).map(([tag, attribute]) => {
    const field = available.find((candidate) => candidate.tag === tag);
    if (!field) {
      throw new ExportError(
        'MERGE_FIELD_NOT_FOUND',
        `The audience has no merge field ${tag}. It has: ${list(available.map((candidate) => candidate.tag))}. ` +
          'Mailchimp would drop the values silently, so add the field there first.',
      );
    }
    if (field.type === 'address') {
      throw new ExportError(
        'MERGE_FIELD_UNSUPPORTED',
        `The merge field ${tag} is of type address, which cannot be exported to yet.`,
      );
    }
    return { attribute, field };
  });
  const unmatched = available.filter(({ tag, required }) => required && !(tag in request.fields));
  if (unmatched.length === 0) return matches;
  throw new ExportError(
    'REQUIRED_FIELD_UNMATCHED',
    `The audience requires ${list(unmatched.map(({ tag }) => tag))}, which no attribute is matched to: Mailchimp would refuse everybody. ` +
      'Match it, or make it optional in Mailchimp.',
  );
}

type Chosen = ReturnType<typeof chooseSegments>;

async function claimTags(account: MailchimpAccount, segments: Chosen, input: CheckConfigurationInput) {
  const tags = await account.tags(input.audienceId);
  return segments.map((chosen) => {
    const own = input.own.find(({ segment }) => segment === chosen.segment);
    // Without an id before the first export has ended: it may have made the tag meanwhile.
    if (own && (own.tagId !== null || isSame(own.tag, chosen.tag))) return { ...chosen, tagId: own.tagId };
    const taken = tags.find(({ name }) => isSame(name, chosen.tag));
    if (!taken) return { ...chosen, tagId: null };
    if (input.request.adoptTags) return { ...chosen, tagId: taken.id };
    throw new ExportError(
      'TAG_TAKEN',
      `The audience has a tag "${taken.name}" already, which may belong to another tool. Give the segment ${chosen.segment} another ` +
        'tag, or allow existing tags with --adopt-tags: people who carry it now keep it.',
    );
  });
}

function isSame(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}

function list(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : names.map((name) => `"${name}"`).join(', ');
}
