import { TagNameSchema } from '../../../contract/destination';
import { tagKey } from '../../../contract/tag-name';
import { ExportError } from '../../../errors';
import type { SegmentInfo } from '../../../ports/source';
import type { SegmentCounts } from '../../../sources/count-segments';
import { count, countOf, listOf } from '../../../text/format';
import { parseSegmentFlag } from '../../destination/matching-flags';
import { lazy } from '../../lazy';
import type { Prompts } from '../../shell/prompts';
import { answered, inFile, type Draft, type Setup, type Step } from '../setup';

/** What one export takes. */
const MOST_PROFILES = 1_000_000;

type Tags = Readonly<Record<string, string | null>>;

export const segments: Step = {
  title: 'Select segments',
  missing: (setup) =>
    setup.options.segment ||
    Object.keys(inFile(setup, setup.destinationId)?.configure?.segments ?? {}).length > 0
      ? []
      : ['--segment <id[=tag]>'],
  answer: async (setup, draft) => {
    const counts = await countAll(setup, draft);
    const before = draft.segments ?? inFile(setup, draft.destinationId)?.configure?.segments ?? {};
    const chosen = await choose(setup, { ...draft, counts }, before);
    checkSegments({ ...draft, counts }, chosen);
    const adoptTags = await mayAdopt(setup, draft, chosen);
    return { ...draft, counts, segments: chosen, adoptTags };
  },
  summary: (draft) => [
    ['Segments', describeChosen(draft)],
    ['Total', describeTotal(answered(draft, 'counts'), Object.keys(answered(draft, 'segments')))],
  ],
};

/** Reads the source: the counts of an export, for every segment that can be read. */
async function countAll(setup: Setup, draft: Draft): Promise<SegmentCounts> {
  const { config, baseFolder } = setup.file;
  const name = answered(draft, 'source');
  const email = answered(draft, 'email');
  if (setup.prompts) setup.invocation.terminal.err(`\nReading the source "${name}" …`);
  const ids = readable(draft).map(({ id }) => id);
  return lazy.reading().countSource(config, { name, baseFolder, email, segments: ids });
}

function readable(draft: Draft): readonly SegmentInfo[] {
  const unreadable = draft.unreadable ?? {};
  return answered(draft, 'read').segments.filter(({ id }) => !Object.hasOwn(unreadable, id));
}

async function choose({ options, prompts }: Setup, draft: Draft, before: Tags): Promise<Tags> {
  if (options.segment) return Object.fromEntries(options.segment.map(parseSegmentFlag));
  if (!prompts) return before;
  const counts = answered(draft, 'counts');
  const tagOf = (id: string) => before[id] ?? nameOf(draft, id);
  const ids = await prompts.chooseSeveral({
    message: 'Select segments',
    choices: readable(draft).map(({ id }) => ({
      value: id,
      label: id,
      hint: `${countOf(counts.profiles.get(id) ?? 0, 'profile')}, tag "${tagOf(id)}"`,
    })),
    initial: Object.keys(before).filter((id) => readable(draft).some((segment) => segment.id === id)),
    status: (chosen) => `Total: ${describeTotal(counts, chosen)}`,
    check: (chosen) => whyNotChosen(counts, chosen),
  });
  return askTags(prompts, draft, Object.fromEntries(ids.map((id) => [id, before[id] ?? null])));
}

const DONE = '';

async function askTags(prompts: Prompts, draft: Draft, start: Tags): Promise<Tags> {
  let tags = start;
  for (;;) {
    const current = tags;
    const tagOf = (id: string) => current[id] ?? nameOf(draft, id);
    const id = await prompts.choose<string>({
      message: 'Tags that these segments become in Mailchimp',
      choices: [
        { value: DONE, label: 'Go on' },
        ...Object.keys(current).map((value) => ({
          value,
          label: `${value}: "${tagOf(value)}"`,
          hint: 'change',
        })),
      ],
      initial: DONE,
    });
    if (id === DONE) return current;
    const tag = await prompts.text({
      message: `Tag of ${id}`,
      initial: tagOf(id),
      check: (text) =>
        TagNameSchema.safeParse(text).success
          ? undefined
          : 'A tag has 1 to 100 characters, and no control characters.',
    });
    tags = { ...current, [id]: tag === nameOf(draft, id) ? null : tag };
  }
}

function nameOf(draft: Draft, id: string): string {
  return answered(draft, 'read').segments.find((segment) => segment.id === id)?.name ?? id;
}

function whyNotChosen({ distinct }: SegmentCounts, chosen: readonly string[]): string | undefined {
  if (chosen.length === 0) return 'Choose at least one segment.';
  const { profiles, isExact } = distinct(chosen);
  if (profiles <= MOST_PROFILES || !isExact) return undefined;
  return `${count(profiles)} profiles are too many: an export takes ${count(MOST_PROFILES)}. Choose fewer, and export the others to another destination.`;
}

/** @throws ExportError SEGMENT_NOT_FOUND, TAG_INVALID, TOO_MANY_PROFILES */
function checkSegments(draft: Draft, tags: Tags): void {
  const chosen = Object.keys(tags);
  const known = answered(draft, 'read').segments.map(({ id }) => id);
  const missing = chosen.find((id) => !known.includes(id));
  if (missing !== undefined || chosen.length === 0) {
    const message =
      missing === undefined
        ? `No segment is chosen. The source has: ${listOf(known)}.`
        : `The source has no segment "${missing}". ${lazy.reading().suggest(missing, known)}`;
    throw new ExportError('SEGMENT_NOT_FOUND', message);
  }
  const broken = chosen.find((id) => draft.unreadable?.[id] !== undefined);
  if (broken !== undefined)
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `The segment "${broken}" cannot be read: ${draft.unreadable?.[broken]}`,
    );
  requireTags(draft, tags);
  const why = whyNotChosen(answered(draft, 'counts'), chosen);
  if (why !== undefined) throw new ExportError('TOO_MANY_PROFILES', why);
}

function requireTags(draft: Draft, tags: Tags): void {
  const taken = new Map<string, string>();
  for (const [id, given] of Object.entries(tags)) {
    const tag = TagNameSchema.safeParse(given ?? nameOf(draft, id));
    if (!tag.success) {
      throw new ExportError(
        'TAG_INVALID',
        `The segment "${id}" needs another tag: a tag has 1 to 100 characters, and no control characters.`,
      );
    }
    const other = taken.get(tagKey(tag.data));
    if (other !== undefined) {
      throw new ExportError(
        'TAG_INVALID',
        `The segments "${other}" and "${id}" would become the tag "${tag.data}" (Mailchimp ignores case). Give each another tag.`,
      );
    }
    taken.set(tagKey(tag.data), id);
  }
}

/** Whether tags that are in the audience already may be used. Those of the destination itself are no others'. */
async function mayAdopt(setup: Setup, draft: Draft, tags: Tags): Promise<boolean> {
  const { options, prompts } = setup;
  const known = inFile(setup, draft.destinationId)?.configure?.adoptTags ?? false;
  if (options.adoptTags || known || !prompts) return options.adoptTags ?? known;
  const view = await setup.viewOf(answered(draft, 'destinationId'));
  const own = new Set(view?.configuration?.segments.map(({ tag }) => tagKey(tag)) ?? []);
  const present = await answered(draft, 'mailchimp').tags(answered(draft, 'audience').id);
  const wanted = new Set(Object.entries(tags).map(([id, tag]) => tagKey(tag ?? nameOf(draft, id))));
  const taken = present.filter(({ name }) => wanted.has(tagKey(name)) && !own.has(tagKey(name)));
  if (taken.length === 0) return false;
  return prompts.confirm({
    message:
      `The audience has ${listOf(taken.map(({ name }) => `"${name}"`))} already, which may belong to another tool. Use ${taken.length === 1 ? 'it' : 'them'}? ` +
      'Exports then remove the tag from contacts that are not in the segment.',
    initial: false,
  });
}

function describeChosen(draft: Draft): string {
  const { profiles } = answered(draft, 'counts');
  return Object.entries(answered(draft, 'segments'))
    .map(
      ([id, tag]) => `${id}: ${countOf(profiles.get(id) ?? 0, 'profile')}, tag "${tag ?? nameOf(draft, id)}"`,
    )
    .join('\n');
}

function describeTotal({ distinct }: SegmentCounts, chosen: readonly string[]): string {
  const { profiles, isExact } = distinct(chosen);
  return `${isExact ? '' : 'at most '}${countOf(profiles, 'profile')}, of ${count(MOST_PROFILES)} that an export takes`;
}
