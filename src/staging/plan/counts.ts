import type { Leavers, NotArchived } from '../../contract/archiving';
import type { SignupMatch } from '../../contract/destination';
import { noOutcomes, type Outcome, type OutcomeCounts } from '../../contract/outcome';
import type { ExportPlan, SegmentPlan, SegmentTag, UnmatchedRows } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import { ExportError } from '../../errors';
import type { PlannedTag } from '../store/documents';
import { DELETED } from './permanent-refusals';
import { noTags } from './tag-masks';
import { countWarnings } from './warnings';
import type { WireMatch } from './wire-values';

type ContactCounts = Pick<
  ExportPlan,
  'departed' | 'creates' | 'updates' | 'removals' | 'uncertain' | 'readdressed' | 'baselineSize' | 'gone'
>;

export type PlanCounts = Omit<ExportPlan, 'planId' | 'chunks' | 'parts'>;

export interface CountsInput {
  readonly email: string;
  readonly fields: readonly WireMatch[];
  readonly latest: string | null;
  readonly addOnlyIf?: string | undefined;
  readonly signup?: SignupMatch | undefined;
  readonly segments: readonly SegmentTag[];
  readonly tags: readonly PlannedTag[];
  readonly leavers: Leavers | undefined;
  /** Profiles of each configured segment, and the rows of its membership that select none. */
  readonly members: readonly number[];
  readonly unmatched: readonly UnmatchedRows[];
  /** By segment: such rows that the baseline already knows. */
  readonly knownUnmatched: Readonly<Record<string, UnmatchedRows>>;
  /** By segment: such rows with a key that the export before did not know. Undefined: only their numbers can be compared. */
  readonly newRows: readonly number[] | undefined;
}

export async function countPlan(database: Database, input: CountsInput): Promise<PlanCounts> {
  const { selected, duplicates } = await database.row<{ selected: number; duplicates: number }>(
    'SELECT (SELECT count(*) FROM profile) AS selected, (SELECT count(*) FROM duplicate) AS duplicates',
  );
  const invalid = await countBy(
    database,
    'SELECT rule AS name, count(*) AS count FROM profile WHERE rule IS NOT NULL GROUP BY ALL',
  );
  const contacts = await countContacts(database, input.tags);
  const decided = await countDecided(database, input.tags);
  const counts = {
    selected,
    ...contacts,
    ...(input.leavers === 'archive' && (await countArchives(database))),
    ...(await countLeftOut(database)),
    decided: { ...decided, invalid: sum(Object.values(invalid)), duplicate: duplicates },
    invalid,
    segments: await countSegments(database, input),
    warnings: await countWarnings(database, input),
  };
  const accounted =
    sum(Object.values(counts.decided)) + contacts.creates + contacts.updates + contacts.removals;
  if (accounted === selected + contacts.departed) return counts;
  throw new ExportError(
    'ACCOUNTING_MISMATCH',
    `Nothing was sent: the plan accounts for ${accounted} of ${selected} selected profiles and ${contacts.departed} departed addresses. This is a bug.`,
  );
}

async function countContacts(database: Database, tags: readonly PlannedTag[]): Promise<ContactCounts> {
  const changes = `(upsert OR archive OR lost <> ${noTags(tags)})`;
  return database.row<ContactCounts>(`
    WITH carrying AS (SELECT b, address FROM baseline WHERE owned IS NOT NULL),
    gone AS (
      SELECT b FROM carrying SEMI JOIN (SELECT address FROM opt_out WHERE status = 'archived') USING (address)
      UNION SELECT b FROM carrying SEMI JOIN missing USING (address)
      UNION SELECT b FROM carrying SEMI JOIN (SELECT b FROM refusal WHERE class IN (${DELETED})) USING (b))
    SELECT count(*) FILTER (NOT selected) AS departed,
      count(*) FILTER (selected AND upsert AND NOT known) AS creates,
      count(*) FILTER (selected AND ${changes} AND (known OR NOT upsert)) AS updates,
      count(*) FILTER (NOT selected AND ${changes}) AS removals,
      count(*) FILTER (selected AND upsert AND uncertain) AS uncertain,
      (SELECT count(DISTINCT b) FROM moved WHERE departs) AS readdressed,
      (SELECT count(*) FROM carrying) - (SELECT count(*) FROM gone) AS "baselineSize",
      (SELECT count(*) FROM gone) AS gone
    FROM contact`);
}

/** Undefined: none. */
async function countArchives(database: Database): Promise<Pick<ExportPlan, 'archives' | 'notArchived'>> {
  const { archives } = await database.row<{ archives: number }>(
    'SELECT count(*) AS archives FROM contact WHERE archive',
  );
  const notArchived: Partial<Record<NotArchived, number>> = await countBy(
    database,
    'SELECT not_archived AS name, count(*) AS count FROM contact WHERE not_archived IS NOT NULL GROUP BY ALL',
  );
  return {
    ...(archives > 0 && { archives }),
    ...(Object.keys(notArchived).length > 0 && { notArchived }),
  };
}

/** By class. Undefined: none. */
async function countLeftOut(database: Database): Promise<Pick<ExportPlan, 'leftOut'>> {
  const leftOut = await countBy(
    database,
    "SELECT class AS name, count(*) AS count FROM contact WHERE decided IN ('rejected', 'throttled') GROUP BY ALL",
  );
  return Object.keys(leftOut).length > 0 ? { leftOut } : {};
}

async function countDecided(database: Database, tags: readonly PlannedTag[]): Promise<OutcomeCounts> {
  const counts = await countBy(
    database,
    `SELECT decided AS name, count(*) AS count FROM contact WHERE NOT upsert AND NOT archive AND lost = ${noTags(tags)} GROUP BY ALL`,
  );
  return { ...noOutcomes(), ...(counts as Partial<Record<Outcome, number>>) };
}

async function countSegments(
  database: Database,
  { segments, tags, members, unmatched, knownUnmatched, newRows }: CountsInput,
): Promise<readonly SegmentPlan[]> {
  const pairs = await database.rows<{ bit: number; toTag: number; toUntag: number }>(`
    SELECT t.bit, coalesce(sum(m.gained * get_bit(m.mask, t.bit)), 0)::BIGINT AS "toTag",
      coalesce(sum(m.lost * get_bit(m.mask, t.bit)), 0)::BIGINT AS "toUntag"
    FROM tag t, (
      SELECT gained AS mask, count(*) AS gained, 0 AS lost FROM contact GROUP BY ALL
      UNION ALL SELECT lost, 0, count(*) FROM contact GROUP BY ALL) m
    GROUP BY t.bit`);
  const ofTag = (tagId: number | null): Pick<SegmentPlan, 'toTag' | 'toUntag'> => {
    const bit = tags.findIndex((tag) => tag.tagId === tagId);
    const { toTag = 0, toUntag = 0 } = pairs.find((pair) => pair.bit === bit) ?? {};
    return { toTag, toUntag };
  };
  const configured = segments.map(({ segment, tag, tagId }, index) => ({
    segment,
    tag,
    profiles: members[index] ?? 0,
    ...ofTag(tagId),
    ...countUnmatched(unmatched[index], knownUnmatched[segment], newRows?.[index]),
  }));
  const left = tags
    .filter(({ tagId }) => !segments.some((segment) => segment.tagId === tagId))
    .map(({ segment, name, tagId }) => ({ segment, tag: name, profiles: 0, ...ofTag(tagId) }));
  return [...configured, ...left.filter(({ toUntag }) => toUntag > 0)];
}

const NO_ROWS: UnmatchedRows = { keys: 0, values: 0 };

/**
 * A list may always have rows for segments that are not configured, and their number changes from day to day: values count as new only
 * where there were none.
 */
function countUnmatched(
  rows: UnmatchedRows = NO_ROWS,
  known: UnmatchedRows = NO_ROWS,
  newKeys = Math.max(0, rows.keys - known.keys),
): Pick<SegmentPlan, 'unmatched' | 'newlyUnmatched'> {
  const added = newKeys + (known.values === 0 ? rows.values : 0);
  return {
    ...(rows.keys + rows.values > 0 && { unmatched: rows }),
    ...(added > 0 && { newlyUnmatched: added }),
  };
}

async function countBy(database: Database, query: string): Promise<Record<string, number>> {
  const rows = await database.rows<{ name: string; count: number }>(`${query} ORDER BY name`);
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
