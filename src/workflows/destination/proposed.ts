import {
  bytesOf,
  compactConfiguration,
  fullTag,
  MAX_CONFIGURATION_BYTES,
  type CompactConfiguration,
} from '../../contract/compact';
import type { Configuration } from '../../contract/destination';
import { ExportError } from '../../errors';

type Settings = Omit<Configuration, 'segments'>;

/**
 * The settings of a plan, as a difference to those of its destination: the state has both, and a proposal changes little of them. What it leaves is
 * as the destination has it when the plan starts: an export before it may have created tags.
 */
export interface Proposed {
  /** Settings that differ. */
  readonly changed: Partial<Settings>;
  /** Names of settings that the destination has, and the proposal has not. */
  readonly unset: readonly string[];
  /** Segments that differ, or are new. */
  readonly segments: CompactConfiguration['segments'];
  /** Segments that the destination has, and the proposal has not. */
  readonly dropped: readonly string[];
  readonly statusIfNew?: string;
}

/** @param current null: the destination has no settings yet */
export function toProposed(
  proposal: Configuration,
  current: Configuration | null,
): Omit<Proposed, 'statusIfNew'> {
  const { segments, ...settings } = compactConfiguration(proposal);
  const { segments: known = [], ...before } = current ? compactConfiguration(current) : {};
  const differs = differenceTo(new Map(Object.entries(before)));
  const tags = new Map(known.map((tag) => [tag.segment, tag]));
  const isOther = differenceTo(tags);
  const chosen = new Set(segments.map(({ segment }) => segment));
  return {
    changed: Object.fromEntries(Object.entries(settings).filter(([name, value]) => differs(name, value))),
    unset: Object.keys(before).filter((name) => !Object.hasOwn(settings, name)),
    segments: segments.filter((tag) => isOther(tag.segment, tag)),
    dropped: [...tags.keys()].filter((segment) => !chosen.has(segment)),
  };
}

function differenceTo(before: ReadonlyMap<string, unknown>): (name: string, value: unknown) => boolean {
  return (name, value) => JSON.stringify(value) !== JSON.stringify(before.get(name));
}

export function fromProposed(
  { changed, unset, segments, dropped }: Proposed,
  current: Configuration | null,
): Configuration {
  const { segments: known = [], ...before } = current ?? {};
  const kept = Object.entries({ ...before, ...changed }).filter(([name]) => !unset.includes(name));
  const tags = new Map(segments.map((tag) => [tag.segment, fullTag(tag)]));
  const stay = known.flatMap((tag) => {
    const now = tags.get(tag.segment) ?? tag;
    tags.delete(tag.segment);
    return dropped.includes(tag.segment) ? [] : now;
  });
  return { ...(Object.fromEntries(kept) as unknown as Settings), segments: [...stay, ...tags.values()] };
}

/** Of the settings of a destination and all proposals of its open plans: the rest of the state is for reports and answers. */
const MAX_TOGETHER_BYTES = MAX_CONFIGURATION_BYTES + 10_000;

/**
 * Before a proposal is queued, and before the settings grow beside proposals that are.
 * @throws ExportError DESTINATION_BUSY, where it would fit without those that are open; CONFIGURATION_TOO_LARGE
 */
export function requireRoom(
  configuration: Configuration | null,
  open: readonly Proposed[],
  proposed?: Proposed,
): void {
  const own = configuration ? bytesOf(compactConfiguration(configuration)) : 0;
  const others = open.reduce((sum, one) => sum + bytesOf(one), 0);
  const bytes = own + others + (proposed ? bytesOf(proposed) : 0);
  if (bytes <= MAX_TOGETHER_BYTES) return;
  if (bytes - others <= MAX_TOGETHER_BYTES)
    throw new ExportError(
      'DESTINATION_BUSY',
      `Nothing was changed: with the settings that open plans propose, the settings of the destination would take ${bytes} bytes, and at most ${MAX_TOGETHER_BYTES} are possible. Repeat it when these plans have ended, or cancel them: temporal-mailchimp export list`,
    );
  throw new ExportError(
    'CONFIGURATION_TOO_LARGE',
    `The plan was not started: beside the settings of the destination, the proposed ones take too much: ${bytes} bytes together, and at most ${MAX_TOGETHER_BYTES} are possible. Change fewer segments at once, or save without a plan (destination edit --no-plan).`,
  );
}
