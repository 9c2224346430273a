import { join } from 'node:path';
import type { SegmentTag } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import { quoteText } from '../../duckdb/quote';
import { BASELINE_ROWS, KNOWN_KEYS } from '../store/documents';
import { stableHash } from './wire-values';

export interface UnmatchedInput {
  /** Path of the snapshot's keys that no profile has; undefined: its source does not tell them. */
  readonly unmatched: string | undefined;
  readonly segments: readonly SegmentTag[];
  /** Path of what the export before knew; undefined: there is none, or it is of version 0.3.0. */
  readonly knownKeys: string | undefined;
}

/**
 * Rows by segment whose key no profile has, and that the export before did not know. Needs `baseline`.
 * @returns undefined where the source does not tell the keys
 */
export async function countNewRows(
  database: Database,
  { unmatched, ...input }: UnmatchedInput,
): Promise<readonly number[] | undefined> {
  if (unmatched === undefined) return undefined;
  const found = await database.rows<{ segment: number; added: number }>(`
    SELECT segment, sum(added)::BIGINT AS added FROM (${addedQuery({ ...input, unmatched, keysOf: 'baseline' })})
    GROUP BY segment`);
  const added = new Map(found.map(({ segment, added }) => [segment, added]));
  return input.segments.map((_, segment) => added.get(segment) ?? 0);
}

interface KnownInput extends UnmatchedInput {
  readonly snapshot: string;
  /** By segment: whether no leaver keeps its tag. Else the same rows have to hold the next export again. */
  readonly isDone: readonly boolean[];
  /** Folder with the rows of the next baseline. */
  readonly into: string;
}

/**
 * Writes `known.parquet`, which the next export takes for known besides the keys of the baseline: `hash` UBIGINT of a key; `segment` VARCHAR, the id of
 * the segment with `rows` BIGINT of that key; both null for a profile that is not in the baseline, since it was invalid or not sent. Needs `parent`.
 */
export async function writeKnownKeys(database: Database, input: KnownInput): Promise<void> {
  const { snapshot, segments, unmatched, knownKeys, isDone, into } = input;
  // Before a removal, no membership is read: what was known stays known, should the destination stay.
  if (segments.length === 0 && knownKeys !== undefined) {
    await database.run(
      `COPY (FROM read_parquet(${quoteText(knownKeys)})) TO ${quoteText(join(into, KNOWN_KEYS))} (FORMAT parquet, COMPRESSION zstd)`,
    );
    return;
  }
  const baseline = join(into, BASELINE_ROWS);
  const profiles = `
    SELECT NULL::VARCHAR AS segment, ${stableHash('key')} AS hash, NULL::BIGINT AS rows FROM read_parquet(${quoteText(snapshot)})
    ANTI JOIN (SELECT unnest(keys) AS key FROM read_parquet(${quoteText(baseline)})) USING (key)`;
  const done = isDone.flatMap((isOne, segment) => (isOne ? [segment] : []));
  const known = (from: string) => `
    SELECT id AS segment, hash, known AS rows FROM (
      SELECT id, hash, CASE WHEN segment IN (${['-1', ...done].join(', ')}) THEN rows ELSE rows - added END AS known FROM (${from}))
    WHERE known > 0`;
  const all =
    unmatched === undefined
      ? [profiles]
      : [profiles, known(addedQuery({ ...input, unmatched, keysOf: 'parent' }))];
  await database.run(
    `COPY (${all.join(' UNION ALL ')}) TO ${quoteText(join(into, KNOWN_KEYS))} (FORMAT parquet, COMPRESSION zstd)`,
  );
}

interface AddedInput extends UnmatchedInput {
  readonly unmatched: string;
  /** Table or view with the rows of the baseline. */
  readonly keysOf: 'baseline' | 'parent';
}

/**
 * SQL: each key that no profile has, by segment, with how many of its rows are new. The rows of a profile that was exported and is
 * deleted are not, unless a profile has nearly the same key: then the profile was probably not deleted, but is written in another way.
 * A blank key names no profile, so only rows beyond the number before are new.
 */
function addedQuery({ unmatched, segments, knownKeys, keysOf }: AddedInput): string {
  const ids = segments.map(({ segment }, index) => `(${index}, ${quoteText(segment)})`).join(', ');
  const known =
    knownKeys === undefined
      ? '(SELECT NULL::VARCHAR AS segment, NULL::UBIGINT AS hash, NULL::BIGINT AS rows WHERE false)'
      : `read_parquet(${quoteText(knownKeys)})`;
  return `
    SELECT u.segment, s.id, u.hash, u.rows, CASE
        WHEN u.key IS NULL THEN greatest(0, u.rows - coalesce(k.rows, 0))
        WHEN k.hash IS NOT NULL OR (p.hash IS NOT NULL AND NOT u.is_near) THEN 0
        ELSE u.rows END AS added
    FROM (SELECT *, ${stableHash("coalesce(key, '')")} AS hash FROM read_parquet(${quoteText(unmatched)})) u
    JOIN (VALUES ${ids}) s(segment, id) ON s.segment = u.segment
    LEFT JOIN (SELECT segment, hash, rows FROM ${known} WHERE segment IS NOT NULL) k ON k.segment = s.id AND k.hash = u.hash
    LEFT JOIN (
      SELECT DISTINCT hash FROM (
        SELECT ${stableHash('key')} AS hash FROM (SELECT unnest(keys) AS key FROM ${keysOf})
        UNION ALL SELECT hash FROM ${known} WHERE segment IS NULL)) p ON p.hash = u.hash`;
}
