import type { ExportRef } from '../contract/identifiers';
import { type PartSummary, RESUBSCRIBED } from '../contract/plan';
import type { Database } from '../duckdb/database';
import { quoteText } from '../duckdb/quote';
import { ExportError } from '../errors';
import { changesPath } from './chunks';
import type { PlanDocument } from './documents';
import type { Layout } from './layout';
import { listResults } from './results';
import { resultsQuery } from './settle-facets';

interface SummaryInput {
  readonly layout: Layout;
  readonly database: Database;
  readonly plan: PlanDocument;
}

interface ChunkCounts {
  readonly chunk: number;
  readonly rows: number;
  readonly acknowledged: number;
  readonly unproven: number;
  readonly resubscribed: number;
}

/** Counts what was said of the rows of a part. A row with several results counts by the worst. */
export async function summarisePart(
  { layout, database, plan }: SummaryInput,
  ref: ExportRef,
  part: number,
): Promise<PartSummary & { readonly troubled: readonly number[] }> {
  const planned = plan.plan.parts[part];
  if (!planned) {
    throw new ExportError(
      'STAGING_CORRUPT',
      `Part ${part} is not in the plan. This is a bug, or the staging folder was changed.`,
    );
  }
  const { firstChunk, lastChunk } = planned;
  const { parts, chunks } = await listResults(layout, ref);
  const results = {
    parts: parts.filter((result) => result.part === part),
    chunks: chunks.filter(({ chunk }) => firstChunk <= chunk && chunk <= lastChunk),
  };
  const counts = await database.rows<ChunkCounts>(`
    SELECT chunk, count(*) AS rows, count(*) FILTER (is_acknowledged AND NOT is_unproven) AS acknowledged, count(*) FILTER (is_unproven) AS unproven,
      count(*) FILTER (is_resubscribed) AS resubscribed
    FROM (
      SELECT c.chunk, bool_and(r.result IS NOT DISTINCT FROM 'acknowledged') AS is_acknowledged,
        bool_or(r.result IS NULL OR r.result = 'unproven') AS is_unproven, bool_or(coalesce(r.class = ${quoteText(RESUBSCRIBED)}, false)) AS is_resubscribed
      FROM (SELECT chunk, address FROM read_parquet(${quoteText(changesPath(layout, ref, plan))})
            WHERE chunk BETWEEN ${firstChunk} AND ${lastChunk}) c
      LEFT JOIN (${resultsQuery(results)}) r ON r.chunk = c.chunk AND r.email = c.address
      GROUP BY c.chunk, c.address)
    GROUP BY chunk ORDER BY chunk`);
  const total = (count: (chunk: ChunkCounts) => number): number =>
    counts.reduce((sum, chunk) => sum + count(chunk), 0);
  return {
    part,
    rows: total(({ rows }) => rows),
    acknowledged: total(({ acknowledged }) => acknowledged),
    refused: total(({ rows, acknowledged, unproven }) => rows - acknowledged - unproven),
    unproven: total(({ unproven }) => unproven),
    resubscribed: total(({ resubscribed }) => resubscribed),
    troubled: counts.filter(({ unproven }) => unproven > 0).map(({ chunk }) => chunk),
  };
}
