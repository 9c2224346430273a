import { join } from 'node:path';
import { openDatabase } from '../duckdb/open';
import { quoteText } from '../duckdb/quote';
import type { SegmentSource } from '../ports/source';
import type { SourceOptions } from './options';
import { withScratchFolder } from './scratch-folder';

/** With more, a count of distinct profiles is not worth its memory. */
const MOST_COMBINATIONS = 100_000;

export interface SegmentCounts {
  /** Profiles of each segment, by its id. */
  readonly profiles: ReadonlyMap<string, number>;
  /** Profiles that are in at least one of the segments. */
  readonly distinct: (chosen: readonly string[]) => Total;
}

interface Total {
  readonly profiles: number;
  /** False: `profiles` is the most that it can be. */
  readonly isExact: boolean;
}

/** Combinations of segments that profiles have: a text of 1 and 0 for each segment, and how many profiles have it. */
type Combination = readonly [segments: string, profiles: number];

/**
 * Counts the named segments, and how many profiles any choice of them has. Reads the whole source once, as an export does.
 * @param email attribute that is read; all others are left out
 * @throws ExportError as `SegmentSource.extract`
 */
export async function countSegments(
  source: SegmentSource,
  { email, segments: ids }: { readonly email: string; readonly segments: readonly string[] },
  options: Pick<SourceOptions, 'scratch' | 'memoryLimit'>,
): Promise<SegmentCounts> {
  return withScratchFolder(options, async (into) => {
    const { members, selected } = await source.extract({ attributes: [email], segments: ids, into });
    const profiles = new Map(ids.map((id, index) => [id, members[index] ?? 0]));
    const combinations = await combinationsIn(into, options.memoryLimit);
    return {
      profiles,
      distinct: (chosen) => countDistinct({ ids, profiles, selected, combinations }, chosen),
    };
  });
}

/** @returns undefined: there are too many */
async function combinationsIn(folder: string, memoryLimit: string): Promise<Combination[] | undefined> {
  const database = await openDatabase({ folder, memoryLimit, threads: 1, allow: [folder] });
  try {
    const file = quoteText(join(folder, 'profiles.parquet'));
    const found = await database.rows<{ segments: string; profiles: number }>(
      `SELECT segments, CAST(count(*) AS DOUBLE) AS profiles FROM read_parquet(${file}) GROUP BY segments LIMIT ${MOST_COMBINATIONS + 1}`,
    );
    if (found.length > MOST_COMBINATIONS) return undefined;
    return found.map(({ segments, profiles }) => [segments, profiles]);
  } finally {
    await database.close();
  }
}

interface Counted extends Pick<SegmentCounts, 'profiles'> {
  readonly ids: readonly string[];
  readonly selected: number;
  readonly combinations: readonly Combination[] | undefined;
}

function countDistinct({ ids, profiles, selected, combinations }: Counted, chosen: readonly string[]): Total {
  if (!combinations) {
    const sum = chosen.reduce((total, id) => total + (profiles.get(id) ?? 0), 0);
    return { profiles: Math.min(sum, selected), isExact: chosen.length <= 1 };
  }
  const places = chosen.map((id) => ids.indexOf(id));
  const total = combinations.reduce(
    (sum, [segments, count]) => (places.some((place) => segments[place] === '1') ? sum + count : sum),
    0,
  );
  return { profiles: total, isExact: true };
}
