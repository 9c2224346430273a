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

interface ReadInput {
  readonly layout: Layout;
  readonly database: Database;
  readonly plan: PlanDocument;
}

/** Chunks that are read at once: their rows lie side by side, and unpacking them for each chunk anew would be most of the cost. */
const CHUNKS_OF_PAGE = 20;
/** Of the parts that are on their way at the same time. */
const PAGES_KEPT = 4;

type Page = ReadonlyMap<number, readonly ChangeRow[]>;

/** Reads chunks, each most likely after the one before it. Holds a few thousand rows. */
export function createChunkReader(): (input: ReadInput, ref: ExportRef, chunk: number) => Promise<Chunk> {
  const pages = new Map<string, Promise<Page>>();

  function pageOf(input: ReadInput, ref: ExportRef, number: number): Promise<Page> {
    const path = changesPath(input.layout, ref, input.plan);
    const key = `${path}/${number}`;
    const page = pages.get(key) ?? readPage(input.database, path, number);
    // Again at the end: the page that was asked for longest ago goes first.
    pages.delete(key);
    pages.set(key, page);
    page.catch(() => pages.delete(key));
    for (const old of [...pages.keys()].slice(0, -PAGES_KEPT)) pages.delete(old);
    return page;
  }

  return async (input, ref, chunk) => {
    // Comes from a step's input and becomes a part of SQL: it has to be a number for sure.
    const number = Number.isSafeInteger(chunk) ? Math.floor(chunk / CHUNKS_OF_PAGE) : undefined;
    const page = number === undefined ? undefined : await pageOf(input, ref, number);
    return toChunk(chunk, page?.get(chunk) ?? [], input.plan);
  };
}

async function readPage(database: Database, path: string, number: number): Promise<Page> {
  const first = number * CHUNKS_OF_PAGE;
  const rows = await database.rows<ChangeRow & { readonly chunk: number }>(
    `SELECT chunk, address AS email, fields, tags, known, status, tag FROM read_parquet(${quoteText(path)})
     WHERE chunk BETWEEN ${first} AND ${first + CHUNKS_OF_PAGE - 1} ORDER BY chunk, position`,
  );
  const page = new Map<number, ChangeRow[]>();
  for (const row of rows) {
    const known = page.get(row.chunk);
    if (known) known.push(row);
    else page.set(row.chunk, [row]);
  }
  return page;
}

function toChunk(chunk: number, rows: readonly ChangeRow[], { plan }: PlanDocument): Chunk {
  const tagId = rows[0]?.tag;
  if (tagId === undefined) {
    throw new ExportError(
      'STAGING_CORRUPT',
      `Chunk ${chunk} is not in the plan, which has ${plan.chunks}. This is a bug, or the staging folder was changed.`,
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
