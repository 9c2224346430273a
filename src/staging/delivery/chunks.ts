import type { ExportRef } from '../../contract/identifiers';
import type { Chunk, PartPlan } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import { quoteText } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { CHANGES, type PlanDocument, readPlan } from '../store/documents';
import type { StagingStore } from '../../ports/staging-store';
import { inExport } from '../store/layout';
import { snapshotProfiles } from '../plan/profiles';
import { readSnapshot } from '../plan/snapshot';
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
  /** The rows, with `ROW` between them: address, number in the snapshot, tags, known, status and cleared fields, with `CELL` between them. */
  readonly rows: string;
  /** The numbers in the snapshot, with commas between them; null: no row has one. */
  readonly numbers: string | null;
}

// Control characters: no valid address contains one, and JSON texts contain them escaped.
const CELL = '\u001F';
const ROW = '\u001E';

interface Page {
  readonly chunks: ReadonlyMap<number, PackedChunk>;
  /** The fields of a profile, as JSON, by its number in the snapshot. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Reads chunks, each most likely close to the previous one. Keeps the rows of a few parts. */
export function createChunkReader(): (input: ReadInput, ref: ExportRef, chunk: number) => Promise<Chunk> {
  const pages = new Map<string, Promise<Page>>();

  function pageOf(input: ReadInput, ref: ExportRef, chunks: Span): Promise<Page> {
    const key = `${inExport(ref, input.plan.folder)}/${chunks.first}`;
    const page = pages.get(key) ?? readPage(input, ref, chunks);
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
    return toChunk(chunk, page, input.plan);
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

async function readPage(input: ReadInput, ref: ExportRef, { first, last }: Span): Promise<Page> {
  const { store, database, plan } = input;
  const changes = await requireLocalFile(store, inExport(ref, plan.folder, CHANGES));
  const rows = `read_parquet(${quoteText(changes)}) WHERE chunk BETWEEN ${first} AND ${last}`;
  // The changes of a plan of version 0.3.0 have the fields themselves.
  const from =
    plan.fields === undefined ? `(SELECT *, NULL AS n, NULL AS cleared FROM ${rows})` : `(FROM ${rows})`;
  const ofFields = plan.fields === undefined ? "coalesce(fields, '')" : "coalesce(n::VARCHAR, '')";
  const packed = await database.rows<PackedChunk>(
    `SELECT chunk, any_value(tag) AS tag, string_agg(n::VARCHAR, ',') AS numbers,
       string_agg(concat_ws('${CELL}', address, ${ofFields}, coalesce(tags, ''), known, coalesce(status, ''), coalesce(cleared::VARCHAR, '')), '${ROW}' ORDER BY position) AS rows
     FROM ${from} GROUP BY chunk`,
  );
  const numbers = packed.flatMap((one) => (one.tag === null ? (one.numbers?.split(',') ?? []) : []));
  const fields = await readFields(input, ref, numbers);
  return { chunks: new Map(packed.map((one) => [one.chunk, one])), fields };
}

/**
 * Reads the fields of some profiles from the snapshot. Most chunks have neighbours, so that the range of their numbers keeps DuckDB from reading the
 * rest. Not by a join with the changes: DuckDB might keep the wide side of it in memory.
 */
async function readFields(
  { store, database, plan }: ReadInput,
  ref: ExportRef,
  numbers: readonly string[],
): Promise<Page['fields']> {
  if (plan.fields === undefined || numbers.length === 0) return new Map();
  const { rows } = await readSnapshot(store, ref);
  const sorted = numbers.map(Number).toSorted((one, other) => one - other);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  const others = most - least + 1 === sorted.length ? '' : `AND n IN (${sorted.join(', ')})`;
  const range = `${snapshotProfiles(rows)} WHERE n BETWEEN ${least} AND ${most} ${others}`;
  const found = new Map(plan.fields.length === 0 ? numbers.map((number) => [number, '']) : []);
  for (const members of plan.fields) {
    const { packed } = await database.row<{ packed: string | null }>(
      `SELECT string_agg(n || '${CELL}' || members, '${ROW}') AS packed FROM (SELECT n, ${members} AS members FROM ${range})`,
    );
    for (const row of packed?.split(ROW) ?? []) {
      const end = row.indexOf(CELL);
      const [number, more] = [row.slice(0, end), row.slice(end + 1)];
      const before = found.get(number) ?? '';
      found.set(number, before === '' || more === '' ? before + more : `${before},${more}`);
    }
  }
  return new Map(Array.from(found, ([number, all]) => [number, `{${all}}`]));
}

function toChunk(chunk: number, page: Page | undefined, { plan, request, fields }: PlanDocument): Chunk {
  const packed = page?.chunks.get(chunk);
  if (!page || !packed) {
    throw new ExportError(
      'STAGING_CORRUPT',
      `Chunk ${chunk} is not in the plan, which has ${plan.chunks}. The staging store was changed, or this is a bug. Start a new export.`,
    );
  }
  const rows = packed.rows.split(ROW).map((row) => row.split(CELL));
  if (packed.tag !== null)
    return { kind: 'untag', chunk, tagId: packed.tag, emails: rows.map(([email = '']) => email) };
  const names = request.fields.map(({ field }) => field.tag);
  const upserts = rows.map(([email = '', ofFields = '', tags = '', known, status = '', cleared = '']) => ({
    email,
    fields:
      fields === undefined ? ofFields : withCleared(fieldsOf(page, ofFields), clearedIn(cleared, names)),
    tags,
    known: known === 'true',
    status: status === '' ? null : status,
  }));
  return { kind: 'upsert', chunk, rows: upserts };
}

function fieldsOf({ fields }: Page, number: string): string {
  const found = fields.get(number);
  if (found !== undefined) return found;
  throw new ExportError(
    'STAGING_CORRUPT',
    'The snapshot of this export has not all profiles of the plan. The staging store was changed, or this is a bug. Start a new export.',
  );
}

/** @param digits one for each field, 1 where it is cleared; empty: none is */
function clearedIn(digits: string, tags: readonly string[]): readonly string[] {
  return digits === '' ? [] : tags.filter((_, index) => digits[index] === '1');
}

/** Adds empty texts, which clear what an export has filled. @param fields the JSON of an object without these members */
function withCleared(fields: string, tags: readonly string[]): string {
  if (tags.length === 0) return fields;
  const members = tags.map((tag) => `${JSON.stringify(tag)}:""`).join(',');
  return `${fields.slice(0, -1)}${fields === '{}' ? '' : ','}${members}}`;
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
