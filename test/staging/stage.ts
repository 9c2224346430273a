import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { ExportRef } from '../../src/contract/identifiers';
import type { MatchedExpression, SignupMatch } from '../../src/contract/destination';
import type { FieldMatch, MatchedField } from '../../src/contract/merge-field';
import {
  CENSUS_LISTINGS,
  type ArchiveChunk,
  type CensusRow,
  type CensusScope,
  type CensusSummary,
  type Chunk,
  type ChunkResults,
  type ExportPlan,
  type RowResult,
  type SegmentTag,
  type UnmatchedRows,
  type UpsertRow,
} from '../../src/contract/plan';
import type { Settlement } from '../../src/contract/report';
import type { PlanRequest, Staging } from '../../src/ports/staging';
import { openDatabase } from '../../src/duckdb/open';
import { quoteText } from '../../src/duckdb/quote';
import { FolderStore, openStaging } from '../../src/staging';
import { sourceAttributes } from '../../src/staging/plan/attributes';

/** A row of a source: attribute by name, and the segments that it is in. */
export interface Profile {
  readonly key: string;
  readonly segments: readonly string[];
  readonly [attribute: string]: string | null | readonly string[];
}

export interface Configured {
  readonly fields?: readonly FieldMatch[];
  readonly segments?: readonly SegmentTag[];
  readonly latest?: string | null;
  readonly otherEmails?: readonly string[] | undefined;
  readonly addOnlyIf?: string | undefined;
  readonly signup?: SignupMatch | undefined;
  readonly expressions?: readonly MatchedExpression[];
  /** Membership rows that select no profile, by segment. */
  readonly unmatched?: Readonly<Record<string, UnmatchedRows>>;
  /** The same, from a source that tells their keys. */
  readonly unmatchedKeys?: Readonly<Record<string, readonly UnmatchedKey[]>>;
}

export interface UnmatchedKey {
  readonly key: string | null;
  /** Default: 1. */
  readonly rows?: number;
  /** Whether a profile has nearly the same key. */
  readonly isNear?: boolean;
}

export const DESTINATION = 'newsletter';

export function match(attribute: string, tag: string, field: Partial<MatchedField> = {}): FieldMatch {
  return { attribute, field: { tag, name: tag, type: 'text', required: false, choices: [], ...field } };
}

export const FIRST_NAME = match('first', 'FNAME');
export const VIP: SegmentTag = { segment: 'vip', tag: 'VIP', tagId: 11 };
export const LOCALS: SegmentTag = { segment: 'locals', tag: 'Locals', tagId: 12 };

/** Also of a part that archives. */
export type AnyChunk = Chunk | ArchiveChunk;

/** One test's store in a folder of its own. */
export interface Stage {
  readonly staging: Staging;
  readonly folder: string;
  /** Moves the store's clock on. */
  readonly wait: (days: number) => void;
  readonly newExport: () => ExportRef;
  /** Writes the profiles as a source does and seals them. */
  readonly snapshot: (ref: ExportRef, profiles: readonly Profile[], configured?: Configured) => Promise<void>;
  /** Reads an audience as a census does. */
  readonly census: (
    ref: ExportRef,
    scope: CensusScope,
    read: { readonly audience: readonly CensusRow[]; readonly baseline?: string | null },
  ) => Promise<CensusSummary>;
  /** With an empty list of opt-outs where no census was taken. */
  readonly plan: (ref: ExportRef, configured?: Configured & Partial<PlanRequest>) => Promise<ExportPlan>;
  readonly chunks: (ref: ExportRef, plan: ExportPlan) => Promise<AnyChunk[]>;
  readonly close: () => Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'staging-'));
  let waitedMs = 0;
  const staging = await openStaging({
    store: new FolderStore(join(folder, 'store')),
    memoryLimit: '256MB',
    now: () => new Date(Date.now() + waitedMs),
  });
  return {
    ...stageOf(staging, join(folder, 'store')),
    wait: (days) => {
      waitedMs += days * 24 * 60 * 60_000;
    },
    close: async () => {
      await staging.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The steps of exports on a staging that is open. */
export function stageOf(staging: Staging, folder: string): Stage {
  return {
    staging,
    folder,
    wait: () => {
      throw new Error('this stage has the clock of the machine');
    },
    newExport: () => ({ destinationId: DESTINATION, exportId: randomUUID() }),
    snapshot: (ref, profiles, configured) => takeSnapshot(staging, ref, { profiles, ...configured }),
    census: (ref, scope, { audience, baseline = null }) =>
      takeCensus(staging, ref, { scope, audience, baseline }),
    plan: async (ref, { segments = [VIP, LOCALS], ...request } = {}) => {
      if (request.census !== ref.exportId)
        await staging.sealCensus(ref, { scope: 'optOuts', baseline: null });
      return staging.plan(ref, {
        email: 'email',
        fields: [FIRST_NAME],
        baseline: null,
        census: null,
        statusIfNew: 'subscribed',
        keepDeparted: false,
        strict: false,
        optedOut: 'update',
        latest: null,
        segments,
        ...request,
      });
    },
    chunks: (ref, plan) =>
      Promise.all(Array.from({ length: plan.chunks }, (_, chunk) => readAny(staging, ref, { plan, chunk }))),
    close: () => staging.close(),
  };
}

async function readAny(
  staging: Staging,
  ref: ExportRef,
  { plan, chunk }: { readonly plan: ExportPlan; readonly chunk: number },
): Promise<AnyChunk> {
  const isArchive = plan.parts.some(
    ({ kind, firstChunk, lastChunk }) => kind === 'archive' && firstChunk <= chunk && chunk <= lastChunk,
  );
  return isArchive ? staging.readArchiveChunk(ref, chunk) : staging.readChunk(ref, chunk);
}

/** A tag that is none of ours, in the audience. */
export const OTHER = 900;

/** When contacts are archived, by Mailchimp, and not changed since. */
export const ARCHIVED_AT = '2026-01-31T12:00:00.000Z';

export function member(email: string, status: string, tags: readonly number[] = []): CensusRow {
  return { email, status, tags, ...(status === 'archived' && { changedAt: ARCHIVED_AT }) };
}

async function takeCensus(
  staging: Staging,
  ref: ExportRef,
  {
    scope,
    audience,
    baseline,
  }: { scope: CensusScope; audience: readonly CensusRow[]; baseline: string | null },
): Promise<CensusSummary> {
  for (const listing of CENSUS_LISTINGS[scope]) {
    const rows = audience.filter(({ status }) =>
      listing === 'current' ? status !== 'archived' : status === listing,
    );
    await staging.sealCensusPage(ref, { listing, offset: 0 }, rows);
  }
  return staging.sealCensus(ref, { scope, baseline });
}

interface SnapshotInput extends Configured {
  readonly profiles: readonly Profile[];
}

async function takeSnapshot(
  staging: Staging,
  ref: ExportRef,
  {
    profiles,
    fields = [FIRST_NAME],
    segments = [VIP, LOCALS],
    latest = null,
    otherEmails,
    addOnlyIf,
    signup,
    expressions,
    unmatched = {},
    unmatchedKeys,
  }: SnapshotInput,
): Promise<void> {
  const folder = await staging.openExtractFolder(ref);
  const matching = { email: 'email', otherEmails, fields, latest, addOnlyIf, signup, expressions };
  const names = sourceAttributes(matching);
  const selected = profiles.filter((profile) =>
    segments.some(({ segment }) => profile.segments.includes(segment)),
  );
  await writeExtract(folder, {
    columns: names.length,
    profiles: selected.map((profile) => [
      profile.key,
      segments.map(({ segment }) => (profile.segments.includes(segment) ? '1' : '0')).join(''),
      ...names.map((name) => (profile[name] ?? null) as string | null),
    ]),
    ...(unmatchedKeys && {
      unmatched: segments.flatMap(({ segment }, index) =>
        (unmatchedKeys[segment] ?? []).map(
          ({ key, rows = 1, isNear = false }) => [index, key, rows, isNear] as const,
        ),
      ),
    }),
  });
  await staging.sealSnapshot(ref, {
    folder,
    matching,
    profiles: profiles.length,
    selected: selected.length,
    members: segments.map(
      ({ segment }) => selected.filter((profile) => profile.segments.includes(segment)).length,
    ),
    unmatched: segments.map(({ segment }) => {
      const keys = unmatchedKeys?.[segment]?.reduce((sum, { rows = 1 }) => sum + rows, 0) ?? 0;
      return unmatched[segment] ?? { keys, values: 0 };
    }),
    unreadable: [],
  });
}

interface ExtractRows {
  readonly columns: number;
  readonly profiles: readonly (readonly (string | null)[])[];
  /** Position of the segment, key, rows, is near. */
  readonly unmatched?: readonly (readonly [number, string | null, number, boolean])[];
}

/** `profiles.parquet` and `unmatched.parquet`, as the source port says. */
export async function writeExtract(folder: string, rows: ExtractRows): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'extract-'));
  const database = await openDatabase({ folder: scratch, memoryLimit: '128MB', allow: [folder] });
  try {
    const columns = Array.from({ length: rows.columns }, (_, index) => `a${index} VARCHAR`);
    await database.run(
      `CREATE TABLE profiles (${['key VARCHAR', 'segments VARCHAR', ...columns].join(', ')})`,
    );
    await database.append('profiles', rows.profiles);
    await database.run(`COPY profiles TO ${quoteText(join(folder, 'profiles.parquet'))} (FORMAT parquet)`);
    if (!rows.unmatched) return;
    await database.run('CREATE TABLE unmatched (segment INTEGER, key VARCHAR, rows BIGINT, is_near BOOLEAN)');
    await database.append('unmatched', rows.unmatched);
    await database.run(`COPY unmatched TO ${quoteText(join(folder, 'unmatched.parquet'))} (FORMAT parquet)`);
  } finally {
    await database.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

export type Answer = Omit<RowResult, 'chunk' | 'email'>;
export type Respond = (email: string, chunk: AnyChunk) => Answer;

export const acknowledge: Respond = (_email, { kind }) =>
  kind === 'untag'
    ? { result: 'acknowledged' }
    : kind === 'archive'
      ? { result: 'acknowledged', status: 'archived', changedAt: ARCHIVED_AT }
      : { result: 'acknowledged', status: 'subscribed' };

/** The same, with the contacts of upserts that are not known as new. */
export const acknowledgeNew: Respond = (email, chunk) => ({
  ...acknowledge(email, chunk),
  ...(chunk.kind === 'upsert' &&
    chunk.rows.some((row) => row.email === email && !row.known) && { isNew: true as const }),
});

/** The rows of all upserts. */
export function rowsOf(chunks: readonly AnyChunk[]): readonly UpsertRow[] {
  return chunks.flatMap((chunk) => (chunk.kind === 'upsert' ? chunk.rows : []));
}

export function emailsOf(chunk: AnyChunk): readonly string[] {
  return chunk.kind === 'upsert' ? chunk.rows.map(({ email }) => email) : chunk.emails;
}

/** What Mailchimp answers to a chunk. */
export function answer(chunk: AnyChunk, respond: Respond): ChunkResults {
  const results = emailsOf(chunk).map((email) => ({ chunk: chunk.chunk, email, ...respond(email, chunk) }));
  return { chunk, results };
}

/** Sends every part of a plan, as the export does, and seals what `respond` answers. */
export async function deliver(
  { staging }: Stage,
  ref: ExportRef,
  { plan, respond = acknowledge }: { plan: ExportPlan; respond?: Respond },
): Promise<void> {
  for (const part of plan.parts) {
    await staging.recordAttempt(ref, part.part, 'batch');
    await staging.sealResults(ref, `part-${part.part}`, answerPart(staging, ref, { plan, part, respond }));
  }
}

async function* answerPart(
  staging: Staging,
  ref: ExportRef,
  { plan, part, respond }: { plan: ExportPlan; part: ExportPlan['parts'][number]; respond: Respond },
): AsyncGenerator<ChunkResults> {
  for (let chunk = part.firstChunk; chunk <= part.lastChunk; chunk++) {
    yield answer(await readAny(staging, ref, { plan, chunk }), respond);
  }
}

export interface Exported {
  readonly ref: ExportRef;
  readonly plan: ExportPlan;
  readonly chunks: readonly AnyChunk[];
  readonly settlement: Settlement;
}

interface ExportAllInput extends Configured, Partial<PlanRequest> {
  readonly respond?: Respond;
  readonly after?: Exported;
  /** Members of the audience, for a census. Default: none, and no full census. */
  readonly audience?: readonly CensusRow[];
  /** Default: full in a first export with an audience. */
  readonly scope?: CensusScope;
  /** The plan is not sent: it was denied, say. */
  readonly isDenied?: boolean;
}

/** A whole export: census, snapshot, plan, delivery, settlement. */
export async function exportAll(
  stage: Stage,
  profiles: readonly Profile[],
  {
    respond = acknowledge,
    after,
    audience,
    scope = after || !audience ? 'optOuts' : 'full',
    isDenied = false,
    ...request
  }: ExportAllInput = {},
): Promise<Exported> {
  const ref = stage.newExport();
  await stage.staging.claim(ref);
  await stage.staging.recordDrained(ref);
  await stage.census(ref, scope, { audience: audience ?? [], baseline: after?.ref.exportId ?? null });
  await stage.snapshot(ref, profiles, request);
  const plan = await stage.plan(ref, {
    baseline: after?.ref.exportId ?? null,
    census: scope === 'full' ? ref.exportId : null,
    ...request,
  });
  const chunks = await stage.chunks(ref, plan);
  if (!isDenied) await deliver(stage, ref, { plan, respond });
  const settlement = await stage.staging.settle(ref, { requests: 1, batches: 1, lanes: null });
  if (!settlement) throw new Error('nothing was planned');
  return { ref, plan, chunks, settlement };
}

export const FAKE = { result: 'rejected', class: 'fake', text: 'looks fake or invalid' } as const;

/** Acknowledges all contacts but Bob. */
export function refuseBob(answered: Answer): Respond {
  return (email, chunk) => (email === 'bob@mail.test' ? answered : acknowledge(email, chunk));
}

/** The rows of the baseline that an export sealed, without the hashes. */
export async function baselineOf(
  stage: Stage,
  { ref }: Pick<Exported, 'ref'>,
): Promise<Record<string, unknown>[]> {
  const folder = join(stage.folder, 'destinations', ref.destinationId, 'exports', ref.exportId);
  const sealed = JSON.parse(await readFile(join(folder, 'baseline.json'), 'utf8')) as { folder: string };
  const database = await openDatabase({ folder: stage.folder, memoryLimit: '128MB', allow: [stage.folder] });
  try {
    const rows = `read_parquet(${quoteText(join(folder, sealed.folder, 'baseline.parquet'))})`;
    return await database.rows(
      `SELECT * EXCLUDE (f_FNAME, refused_hash), (refused_until - refused_at)::VARCHAR AS waits FROM ${rows} ORDER BY address`,
    );
  } finally {
    await database.close();
  }
}
