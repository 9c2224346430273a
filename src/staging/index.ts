import { join } from 'node:path';
import type { ExportRef } from '../contract/identifiers';
import type { Staging } from '../ports/staging';
import type { StagingStore } from '../ports/staging-store';
import type { Database } from '../duckdb/database';
import { openDatabase } from '../duckdb/open';
import { openAttempt } from './store/run-once';
import { reserveAudience, releaseAudience } from './settle/audience-lock';
import { hasCensusPage, sealCensus, sealCensusPage } from './plan/census';
import { createChunkReader, findPart, requirePlan } from './delivery/chunks';
import { claim, createClaimCheck } from './delivery/claim';
import { lastConsent, recordConsent } from './store/consents';
import { ownTags, recordTag } from './store/own-tags';
import { presentStore } from './store/present-store';
import {
  listAttempts,
  listBatches,
  readBatch,
  recordAttempt,
  recordBatch,
  recordUnsent,
} from './delivery/attempts';
import { readLeft, recordLeft } from './delivery/left-members';
import { endWrite, openWrite, recordLateWrite } from './delivery/open-writes';
import type { PlanDocument } from './store/documents';
import { discard, expire, expireAll, latestBaseline, tidy } from './settle/retention';
import { translating, translatingStore } from './store/failure';
import { exportFolder, scratchOf } from './store/layout';
import { unansweredWrites, recordDrained } from './delivery/unanswered-writes';
import { exposeLateWrites } from './plan/exposed';
import { plan } from './plan/plan';
import { readFailures } from './settle/failures';
import { needsExport } from './settle/needs-export';
import { liftRefusals, readRefusals } from './settle/refusals';
import { readSegments } from './settle/segments';
import { readWarnings } from './settle/warnings';
import { hasResults, readResults } from './delivery/results';
import { makeFolder } from './store/local-files';
import { settle } from './settle/settle';
import { settleEarlier } from './settle/earlier-exports';
import { sealSnapshot } from './plan/snapshot';
import { openStore, readStoreId } from './store/store-id';
import { Summaries } from './delivery/summary';

export { readStore } from './store/store-id';
export { FolderStore } from './store/folder-store';
export { scratchOf } from './store/layout';

export interface StagingOptions {
  readonly store: StagingStore;
  /** DuckDB's buffer memory while planning and settling, e.g. `256MB`; the process needs 300 to 400 MB beyond it. */
  readonly memoryLimit: string;
  /** Default: the machine's clock. */
  readonly now?: () => Date;
}

/**
 * Everything that knows exports, plans, parts, claims and baselines, written on top of a store. Creates the id of the store when it is
 * opened for the first time.
 * @throws ExportError STAGING_FAILED, DISK_FULL, STAGING_CORRUPT
 */
export async function openStaging({
  store: given,
  memoryLimit,
  now = () => new Date(),
}: StagingOptions): Promise<Staging> {
  const opened = translatingStore(given);
  const storeId = await translating('open', openStore)(opened);
  const store = presentStore(opened);
  const reader = createReader(store, memoryLimit);
  const read = createChunkReader();
  const summaries = new Summaries(store);
  const readChunk: Staging['readChunk'] = async (ref, chunk) =>
    read({ store, database: await reader.open(), plan: await reader.plan(ref) }, ref, chunk);
  return {
    storeId,
    ...translateAll({
      claim: (ref) => claim(store, ref),
      checkClaim: createClaimCheck(store),
      reserveAudience: (destinationId, audience) => reserveAudience(store, destinationId, audience),
      releaseAudience: (destinationId) => releaseAudience(store, destinationId),
      recordConsent: (destinationId, entry) => recordConsent(store, destinationId, entry),
      lastConsent: (destinationId) => lastConsent(store, destinationId),
      recordTag: (destinationId, tagId) => recordTag(store, destinationId, tagId),
      ownTags: (destinationId) => ownTags(store, destinationId),
      hasCensusPage: (ref, page) => hasCensusPage(store, ref, page),
      sealCensusPage: (ref, page, rows) => sealCensusPage(store, ref, { ...page, rows }),
      sealCensus: async (ref, { scope, baseline }, signal) => {
        // First, since a census leaves out the tags of the baseline.
        await exposeLateWrites({ store, memoryLimit, ref, signal }, baseline);
        return sealCensus({ store, memoryLimit, ref, baseline, signal }, scope);
      },
      openExtractFolder: (ref) => openAttempt(store, ref, 'snapshot'),
      sealSnapshot: (ref, extract) => sealSnapshot(store, ref, extract),
      plan: (ref, request, signal) => plan({ store, memoryLimit, ref, now, signal }, request),
      readChunk,
      recordAttempt: (ref, part, lane) => recordAttempt(store, ref, { part, lane }),
      recordUnsent: (ref, part, attempt) => recordUnsent(store, ref, { part, attempt }),
      listAttempts: (ref, part) => listAttempts(store, ref, part),
      recordLeft: (ref, members) => recordLeft(store, ref, members),
      readLeft: (ref) => readLeft(store, ref),
      openWrite: (ref, write) => openWrite(store, ref, write),
      endWrite: (ref, write) => endWrite(store, ref, write),
      recordLateWrite: (ref, write, batchId) => recordLateWrite(store, ref, { write, batchId }),
      recordBatch: (ref, part, batchId) => recordBatch(store, ref, { part, batchId }),
      readBatch: (ref, part) => readBatch(store, ref, part),
      listBatches: (ref) => listBatches(store, ref),
      unansweredWrites: (ref) => unansweredWrites(store, ref),
      recordDrained: (ref) => recordDrained(store, ref),
      sealResults: (ref, key, chunks) => summaries.seal(ref, key, chunks),
      hasResults: (ref, key) => hasResults(store, ref, key),
      readResults: (ref, key) => readResults(store, ref, key),
      summarisePart: async (ref, number) => {
        const part = findPart(await reader.plan(ref), number);
        return summaries.summarise(ref, { part, readChunk: (chunk) => readChunk(ref, chunk) });
      },
      settle: (ref, tally, signal) => settle({ store, memoryLimit, ref, now, signal }, tally),
      settleEarlier: (ref, baseline, signal) =>
        settleEarlier({ store, memoryLimit, ref, now, signal }, baseline),
      needsExport: (ref) => needsExport({ store, memoryLimit }, ref),
      latestBaseline: (destinationId) => latestBaseline(store, destinationId),
      readFailures: (ref, request) => readFailures({ store, memoryLimit }, ref, request),
      readRefusals: (ref, request) => readRefusals({ store, memoryLimit }, ref, request),
      liftRefusals: (ref, request) => liftRefusals({ store, memoryLimit }, ref, request),
      readSegments: (ref) => readSegments({ store }, ref),
      readWarnings: (ref, request) => readWarnings({ store, memoryLimit }, ref, request),
      expire: (destinationId, keep) => expire(store, destinationId, keep),
      tidy: (destinationId, keep) => tidy(store, destinationId, keep),
      expireAll: (keep, signal) => expireAll(store, keep, signal),
      discard: (destinationId) => discard(store, destinationId),
      close: () => reader.close(),
    }),
  };
}

/** What a store offers to commands. Nothing of it writes into the store, except that `liftRefusals` adds a document. */
export type StagingReader = Pick<
  Staging,
  'storeId' | 'readFailures' | 'readRefusals' | 'liftRefusals' | 'readWarnings' | 'readSegments'
>;

/**
 * Opens a store to read: creates nothing, expires nothing and leaves every file as it is, since the settings of a command may differ
 * from those of the worker.
 * @returns undefined where no worker has made a store yet
 * @throws ExportError STAGING_FAILED, STAGING_CORRUPT
 */
export async function openStagingToRead({
  store: given,
  memoryLimit,
}: Omit<StagingOptions, 'now'>): Promise<StagingReader | undefined> {
  const store = translatingStore(given);
  const storeId = await translating('open', readStoreId)(store);
  if (storeId === undefined) return undefined;
  const context = { store, memoryLimit };
  const readers: Omit<StagingReader, 'storeId'> = {
    readFailures: (ref, request) => readFailures(context, ref, request),
    readRefusals: (ref, request) => readRefusals(context, ref, request),
    liftRefusals: (ref, request) => liftRefusals(context, ref, request),
    readWarnings: (ref, request) => readWarnings(context, ref, request),
    readSegments: (ref) => readSegments(context, ref),
  };
  return { storeId, ...translateAll(readers) };
}

type Steps = Omit<Staging, 'storeId'>;

function translateAll<Name extends keyof Steps>(steps: Pick<Steps, Name>): Pick<Steps, Name> {
  const entries = Object.entries<(...parameters: never[]) => Promise<unknown>>(steps).map(([name, step]) => [
    name,
    translating(name, step),
  ]);
  return Object.fromEntries(entries) as Pick<Steps, Name>;
}

interface Reader {
  readonly open: () => Promise<Database>;
  /** Keeps the plan of the last export, since sealed plans do not change. */
  readonly plan: (ref: ExportRef) => Promise<PlanDocument>;
  readonly close: () => Promise<void>;
}

function createReader(store: StagingStore, memoryLimit: string): Reader {
  let database: Promise<Database> | undefined;
  let last: { readonly of: string; readonly plan: PlanDocument } | undefined;
  return {
    open: () => {
      database ??= openReadingDatabase(store, memoryLimit).catch((error: unknown) => {
        database = undefined;
        throw error;
      });
      return database;
    },
    plan: async (ref) => {
      const of = exportFolder(ref);
      if (last?.of !== of) last = { of, plan: await requirePlan(store, ref) };
      return last.plan;
    },
    close: async () => {
      await (await database)?.close();
    },
  };
}

async function openReadingDatabase(store: StagingStore, memoryLimit: string): Promise<Database> {
  // All workers of the store share the folder: a chunk or a part fits into memory, so nothing is spilled there. Most need little of the limit.
  const folder = join(scratchOf(store), 'reading');
  await makeFolder(folder);
  return openDatabase({ folder, memoryLimit, threads: 1, allow: [store.workFolder] });
}
