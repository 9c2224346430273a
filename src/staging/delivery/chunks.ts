import type { ExportRef } from '../../contract/identifiers';
import type { Chunk, PartPlan, UpsertRow } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import { quoteText } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { CHANGES, type PlanDocument, readPlan } from '../store/documents';
import type { StagingStore } from '../../ports/staging-store';
import { inExport } from '../store/layout';
import { requireLocalFile } from '../store/sealed-files';

interface ReadInput {
  readonly store: StagingStore;
  readonly database: Database;
  readonly plan: PlanDocument;
}

/**
 * Chunks that are read at once: their rows lie side by side, and unpacking them again for each chunk would be most of the cost. They are of one
 * part, which is bounded in bytes: a few wide rows fill a chunk of many megabytes.
 */
const CHUNKS_OF_PAGE = 20;
/** The pages of two parts in memory: the results of a batch come in any order. A page has about 2 MB, and at most what a part has. */
const PAGES_KEPT = 8;

/** A chunk as DuckDB hands it over: one text instead of thousands of cells, each of which costs as much as this one. */
interface PackedChunk {
  readonly chunk: number;
  readonly tag: number | null;
  /** The rows, with `ROW` between them: address, fields, tags, known and status, with `CELL` between them. */
  readonly rows: string;
}

// Control characters: no valid address contains one, and JSON texts contain them escaped.
const CELL = '\u001F';
const ROW = '\u001E';

type Page = ReadonlyMap<number, PackedChunk>;

/** Reads chunks, each most likely close to the previous one. Keeps the rows of a few parts. */
export function createChunkReader(): (input: ReadInput, ref: ExportRef, chunk: number) => Promise<Chunk> {
  const pages = new Map<string, Promise<Page>>();

  function pageOf(input: ReadInput, ref: ExportRef, chunks: Span): Promise<Page> {
    const changes = inExport(ref, input.plan.folder, CHANGES);
    const key = `${changes}/${chunks.first}`;
    const page = pages.get(key) ?? readPage(input, changes, chunks);
    // Moved to the end, so that the page that was requested longest ago is dropped first.
    pages.delete(key);
    pages.set(key, page);
    page.catch(() => pages.delete(key));
    for (const old of [...pages.keys()].slice(0, -PAGES_KEPT)) pages.delete(old);
    return page;
  }

  return async (input, ref, chunk) => {
    // The number comes from the input of a step and becomes part of a statement: anything else than a number would be SQL from outside.
    const chunks = Number.isSafeInteger(chunk) ? chunksAround(chunk, input.plan) : undefined;
    const page = chunks && (await pageOf(input, ref, chunks));
    return toChunk(chunk, page?.get(chunk), input.plan);
  };
}

interface Span {
  readonly first: number;
  readonly last: number;
}

function chunksAround(chunk: number, { plan }: PlanDocument): Span | undefined {
  const part = plan.parts.find(({ firstChunk, lastChunk }) => firstChunk <= chunk && chunk <= lastChunk);
  if (!part) return undefined;
  const first = chunk - ((chunk - part.firstChunk) % CHUNKS_OF_PAGE);
  return { first, last: Math.min(first + CHUNKS_OF_PAGE - 1, part.lastChunk) };
}

async function readPage(
  { store, database }: ReadInput,
  changes: string,
  { first, last }: Span,
): Promise<Page> {
  const path = await requireLocalFile(store, changes);
  const packed = await database.rows<PackedChunk>(
    `SELECT chunk, any_value(tag) AS tag,
       string_agg(concat_ws('${CELL}', address, coalesce(fields, ''), coalesce(tags, ''), known, coalesce(status, '')), '${ROW}' ORDER BY position) AS rows
     FROM read_parquet(${quoteText(path)})
     WHERE chunk BETWEEN ${first} AND ${last} GROUP BY chunk`,
  );
  return new Map(packed.map((one) => [one.chunk, one]));
}

function toChunk(chunk: number, packed: PackedChunk | undefined, { plan }: PlanDocument): Chunk {
  if (!packed) {
    throw new ExportError(
      'STAGING_CORRUPT',
      `Chunk ${chunk} is not in the plan, which has ${plan.chunks}. The staging store was changed, or this is a bug. Start a new export.`,
    );
  }
  const rows = packed.rows.split(ROW);
  if (packed.tag === null) return { kind: 'upsert', chunk, rows: rows.map(toUpsertRow) };
  return {
    kind: 'untag',
    chunk,
    tagId: packed.tag,
    emails: rows.map((row) => row.slice(0, row.indexOf(CELL))),
  };
}

function toUpsertRow(row: string): UpsertRow {
  const [email = '', fields = '', tags = '', known, status = ''] = row.split(CELL);
  return { email, fields, tags, known: known === 'true', status: status === '' ? null : status };
}

export async function requirePlan(store: StagingStore, ref: ExportRef): Promise<PlanDocument> {
  const plan = await readPlan(store, ref);
  if (plan) return plan;
  throw new ExportError(
    'STAGING_CORRUPT',
    'The plan of this export is not in the staging store. The staging store was changed, or this is a bug. Start a new export.',
  );
}

export function findPart({ plan }: PlanDocument, part: number): PartPlan {
  const planned = plan.parts[part];
  if (planned) return planned;
  throw new ExportError(
    'STAGING_CORRUPT',
    `Part ${part} is not in the plan. The staging store was changed, or this is a bug. Start a new export.`,
  );
}
