import type { ExportRef } from '../../contract/identifiers';
import { groupId, isMergeField, type MatchedField } from '../../contract/merge-field';
import type { ArchiveChunk, Chunk, PartPlan } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import { quoteText } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { CHANGES, type MoreMembers, type PlanDocument, readPlan } from '../store/documents';
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
  /** The rows, with `ROW` between them: address, number in the snapshot, tags, known, status, cleared fields and when we archived it, with `CELL` between them. */
  readonly rows: string;
  /** The numbers in the snapshot, with commas between them; null: no row has one. */
  readonly numbers: string | null;
}

// Control characters: no valid address contains one, and JSON texts contain them escaped.
const CELL = '\u001F';
const ROW = '\u001E';

interface Page {
  readonly chunks: ReadonlyMap<number, PackedChunk>;
  /** The merge fields of a profile, as members of a JSON object, by its number in the snapshot. */
  readonly fields: Members;
  /** The same for all else that a row may say. */
  readonly more: Readonly<Record<keyof MoreMembers, Members>>;
}

type Members = ReadonlyMap<string, string>;
const NO_MEMBERS: Members = new Map();

interface KeptPage {
  readonly page: Promise<Page>;
  /** Whether a chunk of it was requested, or it was only read ahead. */
  isRequested: boolean;
}

/**
 * Reads chunks, each most likely close to the previous one. Keeps the rows of a few parts, and reads the page after a requested one ahead: no
 * connection has to wait for the disk at the end of a page, or after the first few changes were read back.
 */
export function createChunkReader(): (
  input: ReadInput,
  ref: ExportRef,
  chunk: number,
) => Promise<Chunk | ArchiveChunk> {
  const pages = new Map<string, KeptPage>();

  function keepPage(input: ReadInput, ref: ExportRef, chunks: Span): KeptPage {
    const key = `${inExport(ref, input.plan.folder)}/${chunks.first}`;
    const kept = pages.get(key) ?? { page: readPage(input, ref, chunks), isRequested: false };
    // Moved to the end, so that the page that was requested longest ago is dropped first.
    pages.delete(key);
    pages.set(key, kept);
    kept.page.catch(() => pages.delete(key));
    for (const old of [...pages.keys()].slice(0, -PAGES_KEPT)) pages.delete(old);
    return kept;
  }

  async function requestPage(input: ReadInput, ref: ExportRef, chunks: Span): Promise<Page> {
    const kept = keepPage(input, ref, chunks);
    const page = await kept.page;
    const next = kept.isRequested ? undefined : chunksAround(chunks.last + 1, input.plan);
    kept.isRequested = true;
    if (next) keepPage(input, ref, next);
    return page;
  }

  return async (input, ref, chunk) => {
    // The number comes from the input of a step and becomes part of a statement: anything else than a number would be SQL from outside.
    const chunks = Number.isSafeInteger(chunk) ? chunksAround(chunk, input.plan) : undefined;
    const page = chunks && (await requestPage(input, ref, chunks));
    return toChunk(chunk, page, input.plan);
  };
}

interface Span {
  readonly first: number;
  readonly last: number;
}

function chunksAround(chunk: number, { plan }: PlanDocument): Span | undefined {
  const part = partOf(plan, chunk);
  if (!part) return undefined;
  const first = chunk - ((chunk - part.firstChunk) % CHUNKS_OF_PAGE);
  return { first, last: Math.min(first + CHUNKS_OF_PAGE - 1, part.lastChunk) };
}

function partOf({ parts }: PlanDocument['plan'], chunk: number): PartPlan | undefined {
  return parts.find(({ firstChunk, lastChunk }) => firstChunk <= chunk && chunk <= lastChunk);
}

async function readPage(input: ReadInput, ref: ExportRef, { first, last }: Span): Promise<Page> {
  const { store, database, plan } = input;
  const changes = await requireLocalFile(store, inExport(ref, plan.folder, CHANGES));
  // A plan of version 0.4.0 does not know when a contact was archived.
  const rows = `(FROM (SELECT NULL::TIMESTAMP AS archived_at WHERE false)
    UNION ALL BY NAME FROM read_parquet(${quoteText(changes)}) WHERE chunk BETWEEN ${first} AND ${last})`;
  // The changes of a plan of version 0.3.0 have the fields themselves.
  const from =
    plan.fields === undefined ? `(SELECT *, NULL AS n, NULL AS cleared FROM ${rows})` : `(FROM ${rows})`;
  const ofFields = plan.fields === undefined ? "coalesce(fields, '')" : "coalesce(n::VARCHAR, '')";
  const packed = await database.rows<PackedChunk>(
    `SELECT chunk, any_value(tag) AS tag, string_agg(n::VARCHAR, ',') AS numbers,
       string_agg(concat_ws('${CELL}', address, ${ofFields}, coalesce(tags, ''), known, coalesce(status, ''), coalesce(cleared::VARCHAR, ''), coalesce(strftime(archived_at, '%Y-%m-%dT%H:%M:%S.%gZ'), '')), '${ROW}' ORDER BY position) AS rows
     FROM ${from} GROUP BY chunk`,
  );
  const numbers = packed.flatMap((one) => (one.tag === null ? (one.numbers?.split(',') ?? []) : []));
  const read = (members: readonly string[] | undefined) => readMembers(input, ref, { members, numbers });
  const { groups, always, ifNew } = plan.more ?? {};
  return {
    chunks: new Map(packed.map((one) => [one.chunk, one])),
    fields: await read(plan.fields),
    more: { groups: await read(groups), always: await read(always), ifNew: await read(ifNew) },
  };
}

interface Wanted {
  /** SQL: see `PlanDocument.fields`. Undefined: none are read. */
  readonly members: readonly string[] | undefined;
  readonly numbers: readonly string[];
}

/**
 * Reads members of JSON objects of some profiles from the snapshot. Most chunks have neighbours, so that the range of their numbers keeps DuckDB from reading the
 * rest. Not by a join with the changes: DuckDB might keep the wide side of it in memory.
 */
async function readMembers(
  { store, database }: ReadInput,
  ref: ExportRef,
  { members: all, numbers }: Wanted,
): Promise<Members> {
  if (all === undefined || numbers.length === 0) return NO_MEMBERS;
  if (all.length === 0) return new Map(numbers.map((number) => [number, '']));
  const { rows } = await readSnapshot(store, ref);
  const sorted = numbers.map(Number).toSorted((one, other) => one - other);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  const others = most - least + 1 === sorted.length ? '' : `AND n IN (${sorted.join(', ')})`;
  const range = `${snapshotProfiles(rows)} WHERE n BETWEEN ${least} AND ${most} ${others}`;
  const found = new Map<string, string>();
  for (const members of all) {
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
  return found;
}

function toChunk(chunk: number, page: Page | undefined, document: PlanDocument): Chunk | ArchiveChunk {
  const { plan, request, fields } = document;
  const packed = page?.chunks.get(chunk);
  if (!page || !packed) {
    throw new ExportError(
      'STAGING_CORRUPT',
      `Chunk ${chunk} is not in the plan, which has ${plan.chunks}. The staging store was changed, or this is a bug. Start a new export.`,
    );
  }
  const rows = packed.rows.split(ROW).map((row) => row.split(CELL));
  const emails = rows.map(([email = '']) => email);
  if (packed.tag !== null) return { kind: 'untag', chunk, tagId: packed.tag, emails };
  if (partOf(plan, chunk)?.kind === 'archive') return { kind: 'archive', chunk, emails };
  const matched = request.fields.map(({ field }) => field);
  const upserts = rows.map(
    ([email = '', ofFields = '', tags = '', known, status = '', cleared = '', archivedAt = '']) => {
      const empty = clearedIn(cleared, matched);
      const isNew = known !== 'true';
      const more = document.more ? moreOf(page, ofFields, { empty, isNew }) : '';
      return {
        email,
        fields: fields === undefined ? ofFields : fieldsOf(page, ofFields, empty),
        tags,
        known: !isNew,
        status: status === '' ? null : status,
        ...(more !== '' && { more: `{${more}}` }),
        // The plan withholds all others that are archived.
        ...(status === 'archived' && {
          isReturning: true as const,
          ...(archivedAt !== '' && { archivedAt }),
        }),
      };
    },
  );
  return { kind: 'upsert', chunk, rows: upserts };
}

/** @throws ExportError STAGING_CORRUPT */
export function requireSent(chunk: Chunk | ArchiveChunk): Chunk {
  if (chunk.kind !== 'archive') return chunk;
  throw otherKind(chunk);
}

/** @throws ExportError STAGING_CORRUPT */
export function requireArchive(chunk: Chunk | ArchiveChunk): ArchiveChunk {
  if (chunk.kind === 'archive') return chunk;
  throw otherKind(chunk);
}

function otherKind({ chunk, kind }: Chunk | ArchiveChunk): ExportError {
  return new ExportError(
    'STAGING_CORRUPT',
    `Chunk ${chunk} of the plan is of the kind "${kind}", which this step does not send. The staging store was changed, or this is a bug. Start a new export.`,
  );
}

/** With empty texts, which clear what an export has filled. */
function fieldsOf({ fields }: Page, number: string, empty: readonly MatchedField[]): string {
  const cleared = empty.filter(isMergeField).map(({ tag }) => `${JSON.stringify(tag)}:""`);
  return `{${joined([found(fields, number), ...cleared])}}`;
}

interface RowFacts {
  /** Fields that an export has filled, and that are empty now. */
  readonly empty: readonly MatchedField[];
  readonly isNew: boolean;
}

/** Of groups, only those that are matched: Mailchimp leaves all others as they are. */
function moreOf({ more }: Page, number: string, { empty, isNew }: RowFacts): string {
  const left = empty.filter(({ type }) => type === 'group');
  const groups = joined([
    found(more.groups, number),
    ...left.map((field) => `${JSON.stringify(groupId(field))}:false`),
  ]);
  return joined([
    groups === '' ? '' : `"interests":{${groups}}`,
    found(more.always, number),
    isNew ? found(more.ifNew, number) : '',
  ]);
}

function joined(members: readonly string[]): string {
  return members.filter((member) => member !== '').join(',');
}

function found(members: Members, number: string): string {
  const text = members.get(number);
  if (text !== undefined) return text;
  throw new ExportError(
    'STAGING_CORRUPT',
    'The snapshot of this export has not all profiles of the plan. The staging store was changed, or this is a bug. Start a new export.',
  );
}

/** @param digits one for each field, 1 where it is cleared; empty: none is */
function clearedIn(digits: string, fields: readonly MatchedField[]): readonly MatchedField[] {
  return digits === '' ? [] : fields.filter((_, index) => digits[index] === '1');
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
