import type { NotArchived } from '../../contract/archiving';
import {
  noOutcomes,
  noMemberStatuses,
  type Outcome,
  type OutcomeCounts,
  type MemberStatusCounts,
} from '../../contract/outcome';
import type { PartPlan } from '../../contract/plan';
import type { Remains } from '../../contract/undo';
import type { RefusalCount, SegmentReport } from '../../contract/report';
import type { Database } from '../../duckdb/database';
import { isoText, quoteText } from '../../duckdb/quote';
import type { PlanDocument } from '../store/documents';
import { sum } from '../plan/counts';
import { rank, UNCERTAIN } from './row-results';

export interface SettlementCounts {
  readonly outcomes: OutcomeCounts;
  readonly memberStatuses: MemberStatusCounts;
  readonly refusals: readonly RefusalCount[];
  readonly segments: readonly SegmentReport[];
  readonly uncertain: number;
  readonly notArchived?: Partial<Record<NotArchived, number>>;
  readonly uncertainArchived?: number;
  readonly remains?: Remains;
  readonly mismatches: readonly string[];
}

/** Records a sum that differs from the plan. */
type CheckSum = (what: string, found: number, expected: number) => void;

/** A report passes through Temporal, so only the first few are in it. */
const MAX_MISMATCHES = 10;

export async function countSettlement(
  database: Database,
  { plan, tags, request }: PlanDocument,
  { outcomes }: { outcomes: string },
): Promise<SettlementCounts> {
  await database.run(`CREATE VIEW settled AS SELECT * FROM read_parquet(${quoteText(outcomes)})`);
  const mismatches: string[] = [];
  const checkSum: CheckSum = (what, found, expected) => {
    if (found === expected || mismatches.length >= MAX_MISMATCHES) return;
    mismatches.push(`${what}: ${found} where the plan has ${expected}`);
  };
  const counts = await countOutcomes(database);
  checkSum('outcomes', sum(Object.values(counts)), plan.selected + plan.departed);
  await checkParts(database, plan.parts, checkSum);
  const segments = await countSegments(database, { plan, tags, request }, checkSum);
  const { uncertain } = await database.row<{ uncertain: number }>(
    `SELECT count(*) AS uncertain FROM settled WHERE outcome = 'created' AND reason = ${quoteText(UNCERTAIN)}`,
  );
  const memberStatuses = await countMemberStatuses(database);
  const refusals = await countRefusals(database);
  return {
    outcomes: counts,
    memberStatuses,
    refusals,
    segments,
    uncertain,
    ...(request.leavers === 'archive' && (await countArchived(database))),
    ...(plan.remains && { remains: plan.remains }),
    mismatches,
  };
}

async function countArchived(
  database: Database,
): Promise<Pick<SettlementCounts, 'notArchived' | 'uncertainArchived'>> {
  const rows = await database.rows<{ outcome: Outcome; reason: NotArchived; count: number }>(
    "SELECT outcome, reason, count(*) AS count FROM settled WHERE outcome IN ('removed', 'archived') AND reason IS NOT NULL GROUP BY ALL ORDER BY reason",
  );
  const kept = rows.filter(({ outcome }) => outcome === 'removed');
  const uncertain = sum(rows.flatMap(({ outcome, count }) => (outcome === 'archived' ? [count] : [])));
  return {
    ...(kept.length > 0 && {
      notArchived: Object.fromEntries(kept.map(({ reason, count }) => [reason, count])),
    }),
    ...(uncertain > 0 && { uncertainArchived: uncertain }),
  };
}

function isIn(part: PartPlan, chunk: number): boolean {
  return part.firstChunk <= chunk && chunk <= part.lastChunk;
}

/** Every row of a part has at most one result, and no result is of a row that was not in it. */
async function checkParts(database: Database, parts: readonly PartPlan[], checkSum: CheckSum): Promise<void> {
  const chunks = await database.rows<{ chunk: number; rows: number }>(
    'SELECT chunk, count(*) AS rows FROM change_result GROUP BY chunk ORDER BY chunk',
  );
  for (const part of parts) {
    const rows = chunks.filter(({ chunk }) => isIn(part, chunk)).map((chunk) => chunk.rows);
    checkSum(`rows of part ${part.part}`, sum(rows), part.rows);
  }
  const strange = chunks.filter(({ chunk }) => !parts.some((part) => isIn(part, chunk)));
  checkSum('rows of no part', sum(strange.map(({ rows }) => rows)), 0);
}

async function countOutcomes(database: Database): Promise<OutcomeCounts> {
  const rows = await database.rows<{ outcome: Outcome; count: number }>(
    'SELECT outcome, count(*) AS count FROM settled GROUP BY outcome',
  );
  return { ...noOutcomes(), ...Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count])) };
}

async function countMemberStatuses(database: Database): Promise<MemberStatusCounts> {
  const memberStatuses: Record<string, number> = noMemberStatuses();
  const rows = await database.rows<{ status: string; count: number }>(
    `SELECT status, count(*) AS count FROM contact_result WHERE upsert = ${rank('acknowledged')} AND status IS NOT NULL GROUP BY status`,
  );
  for (const { status, count } of rows) if (status in memberStatuses) memberStatuses[status] = count;
  return memberStatuses as MemberStatusCounts;
}

/** A report passes through Temporal, so only the most frequent texts are in it, and the rest is summed up. */
const MAX_REFUSALS = 30;

async function countRefusals(database: Database): Promise<readonly RefusalCount[]> {
  const rows = await database.rows<
    RefusalCount & { readonly since: string | null; readonly is_old: boolean }
  >(`
    WITH counted AS (
      SELECT outcome, coalesce(reason, '') AS class, coalesce(text, '') AS text, since IS NOT NULL AS is_old, min(since) AS since, count(*) AS count
      FROM settled WHERE outcome IN ('suppressed', 'throttled', 'rejected', 'unproven') GROUP BY ALL),
    placed AS (SELECT *, row_number() OVER (ORDER BY count DESC, outcome, class, text, is_old) AS place FROM counted)
    SELECT outcome, CASE WHEN place <= ${MAX_REFUSALS} THEN class ELSE 'other' END AS class,
      CASE WHEN place <= ${MAX_REFUSALS} THEN text ELSE '' END AS text, sum(count)::BIGINT AS count, ${isoText('min(since)')} AS since, is_old
    FROM placed GROUP BY ALL ORDER BY count DESC, outcome, class, text, is_old`);
  return rows.map(({ outcome, class: name, text, count, since }) => ({
    outcome,
    class: name,
    text,
    count,
    ...(since !== null && { rememberedSince: since }),
  }));
}

interface TagCounts {
  readonly toTag: number;
  readonly toUntag: number;
  readonly tagged: number;
  readonly untagged: number;
  readonly notSent: number;
}

const NO_TAGS: TagCounts = { toTag: 0, toUntag: 0, tagged: 0, untagged: 0, notSent: 0 };

async function countSegments(
  database: Database,
  { plan, tags, request }: Pick<PlanDocument, 'plan' | 'tags' | 'request'>,
  checkSum: CheckSum,
): Promise<readonly SegmentReport[]> {
  const counts = await database.rows<TagCounts>(`
    SELECT coalesce(sum(count * get_bit(gained, bit)), 0)::BIGINT AS "toTag",
      coalesce(sum(count * get_bit(lost, bit)), 0)::BIGINT AS "toUntag",
      coalesce(sum(count * get_bit(gained, bit)) FILTER (upsert = ${rank('acknowledged')}), 0)::BIGINT AS tagged,
      coalesce(sum(count * get_bit(off, bit)), 0)::BIGINT AS untagged,
      (coalesce(sum(count * get_bit(gained, bit)) FILTER (upsert = ${rank('not_sent')}), 0)
        + coalesce(sum(count * get_bit(kept_on, bit)), 0))::BIGINT AS "notSent"
    FROM tag LEFT JOIN (
      SELECT gained::BIT AS gained, lost::BIT AS lost, off, kept_on, upsert, count FROM (
        SELECT gained, lost, off, kept_on, contact_result.upsert AS upsert, count(*) AS count
        FROM contact LEFT JOIN contact_result USING (id) GROUP BY ALL)) ON true
    GROUP BY bit ORDER BY bit`);
  return plan.segments.map((segment) => {
    const bit = tags.findIndex((tag) => tag.segment === segment.segment && tag.name === segment.tag);
    const { toTag, toUntag, tagged, untagged, notSent } = counts[bit] ?? NO_TAGS;
    checkSum(`tags of the segment "${segment.segment}"`, toTag + toUntag, segment.toTag + segment.toUntag);
    return {
      segment: segment.segment,
      tagId:
        tags[bit]?.tagId ??
        request.segments.find((known) => known.segment === segment.segment)?.tagId ??
        null,
      name: segment.tag,
      profiles: segment.profiles,
      tagged,
      untagged,
      failed: toTag + toUntag - tagged - untagged - notSent,
      notSent,
      ...(segment.unmatched && { unmatched: segment.unmatched }),
    };
  });
}
