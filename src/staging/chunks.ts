import { join } from 'node:path';
import type { ExportRef } from '../contract/identifiers';
import type { Chunk, UpsertRow } from '../contract/plan';
import type { Database } from '../duckdb/database';
import { quoteText } from '../duckdb/quote';
import { ExportError } from '../errors';
import { CHANGES, type PlanDocument } from './documents';
import { type Layout, PLAN } from './layout';
import { readDocument } from './seal';

interface ChangeRow extends UpsertRow {
  readonly tag: number | null;
}

export async function readChunk(
  { layout, database, plan }: { layout: Layout; database: Database; plan: PlanDocument },
  ref: ExportRef,
  chunk: number,
): Promise<Chunk> {
  // Comes from a step's input and becomes a part of SQL: it has to be a number for sure.
  const rows = Number.isSafeInteger(chunk)
    ? await database.rows<ChangeRow>(
        `SELECT address AS email, fields, tags, known, status, tag
         FROM read_parquet(${quoteText(changesPath(layout, ref, plan))}) WHERE chunk = ${chunk} ORDER BY position`,
      )
    : [];
  const tagId = rows[0]?.tag;
  if (tagId === undefined) {
    throw new ExportError(
      'STAGING_CORRUPT',
      `Chunk ${chunk} is not in the plan, which has ${plan.plan.chunks}. This is a bug, or the staging folder was changed.`,
    );
  }
  if (tagId !== null) return { kind: 'untag', chunk, tagId, emails: rows.map(({ email }) => email) };
  return {
    kind: 'upsert',
    chunk,
    rows: rows.map(({ email, fields, tags, known, status }) => ({ email, fields, tags, known, status })),
  };
}

export function changesPath(layout: Layout, ref: ExportRef, plan: PlanDocument): string {
  return join(layout.inExport(ref, plan.folder), CHANGES);
}

export async function readPlan(layout: Layout, ref: ExportRef): Promise<PlanDocument> {
  const plan = await readDocument<PlanDocument>(layout.inExport(ref, PLAN));
  if (plan) return plan;
  throw new ExportError(
    'STAGING_CORRUPT',
    'The plan of this export is not in the staging folder, although it was made. Was the folder changed? Start a new export.',
  );
}
