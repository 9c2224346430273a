import { join } from 'node:path';
import type { ExportRef } from '../contract/identifiers';
import type { Staging } from '../ports/staging';
import type { Database } from '../duckdb/database';
import { openDatabase } from '../duckdb/open';
import { openAttempt } from './store/run-once';
import { reserveAudience, releaseAudience } from './settle/audience-lock';
import { hasCensusPage, sealCensus, sealCensusPage } from './plan/census';
import { createChunkReader, findPart, readPlan } from './delivery/chunks';
import { checkClaim, claim } from './delivery/claim';
import { recordConsent } from './store/consents';
import {
  listAttempts,
  listBatches,
  readBatch,
  recordAttempt,
  recordBatch,
  recordUnsent,
} from './delivery/attempts';
import type { PlanDocument } from './store/documents';
import { discard, expire, expireAll, latestBaseline } from './settle/retention';
import { translating } from './store/failure';
import { createLayout, type Layout } from './store/layout';
import { unansweredWrites, recordDrained } from './delivery/unanswered-writes';
import { plan } from './plan/plan';
import { readFailures } from './settle/failures';
import { hasResults, readResults } from './delivery/results';
import { makeFolder } from './store/atomic-files';
import { settle } from './settle/settle';
import { settleEarlier } from './settle/earlier-exports';
import { sealSnapshot } from './plan/snapshot';
import { openStore } from './store/store-id';
import { Summaries } from './delivery/summary';

export interface StagingOptions {
  /** Local folder, made with mode 0700 if absent. */
  readonly folder: string;
  /** DuckDB's buffer memory while planning and settling, e.g. `256MB`; the process needs 300 to 400 MB beyond it. */
  readonly memoryLimit: string;
  /** Default: the machine's clock. */
  readonly now?: () => Date;
}

/** Reading chunks and counts needs little, and is open as long as the worker. */
const READING_MEMORY = '96MB';

/** @throws ExportError STAGING_FAILED, DISK_FULL, STAGING_CORRUPT */
export async function openStaging({
  folder,
  memoryLimit,
  now = () => new Date(),
}: StagingOptions): Promise<Staging> {
  const layout = createLayout(folder);
  const storeId = await translating('open', openStore)(layout);
  const reader = createReader(layout);
  return {
    storeId,
    ...translateAll({
      ...smallSteps(layout),
      ...readingSteps(layout, reader),
      sealCensus: (ref, scope, baseline) => sealCensus({ layout, memoryLimit, ref, baseline }, scope),
      plan: (ref, request) => plan({ layout, memoryLimit, ref, now }, request),
      readFailures: (ref, request) => readFailures({ layout, memoryLimit }, ref, request),
      settle: (ref, tally) => settle({ layout, memoryLimit, ref, now }, tally),
      settleEarlier: (ref, baseline) => settleEarlier({ layout, memoryLimit, ref, now }, baseline),
      close: () => reader.close(),
    }),
  };
}

type Steps = Omit<Staging, 'storeId'>;
type ReadingSteps = Pick<Staging, 'readChunk' | 'sealResults' | 'summarisePart'>;

function smallSteps(
  layout: Layout,
): Omit<
  Steps,
  'plan' | 'settle' | 'settleEarlier' | 'readFailures' | 'sealCensus' | 'close' | keyof ReadingSteps
> {
  return {
    claim: (ref) => claim(layout, ref),
    checkClaim: (ref) => checkClaim(layout, ref),
    reserveAudience: (destinationId, audience) => reserveAudience(layout, destinationId, audience),
    releaseAudience: (destinationId) => releaseAudience(layout, destinationId),
    recordConsent: (destinationId, entry) => recordConsent(layout, destinationId, entry),
    hasCensusPage: (ref, page) => hasCensusPage(layout, ref, page),
    sealCensusPage: (ref, page, rows) => sealCensusPage(layout, ref, { ...page, rows }),
    openExtractFolder: (ref) => openAttempt(layout, ref, 'snapshot'),
    sealSnapshot: (ref, extract) => sealSnapshot(layout, ref, extract),
    recordAttempt: (ref, part, lane) => recordAttempt(layout, ref, { part, lane }),
    recordUnsent: (ref, part, attempt) => recordUnsent(layout, ref, { part, attempt }),
    listAttempts: (ref, part) => listAttempts(layout, ref, part),
    recordBatch: (ref, part, batchId) => recordBatch(layout, ref, { part, batchId }),
    readBatch: (ref, part) => readBatch(layout, ref, part),
    listBatches: (ref) => listBatches(layout, ref),
    unansweredWrites: (ref) => unansweredWrites(layout, ref),
    recordDrained: (ref) => recordDrained(layout, ref),
    hasResults: (ref, key) => hasResults(layout, ref, key),
    readResults: (ref, key) => readResults(layout, ref, key),
    latestBaseline: (destinationId) => latestBaseline(layout, destinationId),
    expire: (destinationId, keep) => expire(layout, destinationId, keep),
    expireAll: (keepDays) => expireAll(layout, keepDays),
    discard: (destinationId) => discard(layout, destinationId),
  };
}

function readingSteps(layout: Layout, reader: Reader): ReadingSteps {
  const read = createChunkReader();
  const summaries = new Summaries(layout);
  const readChunk: ReadingSteps['readChunk'] = async (ref, chunk) => {
    const database = await reader.open();
    return read({ layout, database, plan: await reader.plan(ref) }, ref, chunk);
  };
  return {
    readChunk,
    sealResults: (ref, key, chunks) => summaries.seal(ref, key, chunks),
    summarisePart: async (ref, number) => {
      const part = findPart(await reader.plan(ref), number);
      return summaries.summarise(ref, { part, readChunk: (chunk) => readChunk(ref, chunk) });
    },
  };
}

function translateAll(steps: Steps): Steps {
  const entries = Object.entries(steps).map(([name, step]) => [name, translating(name, step)]);
  return Object.fromEntries(entries) as Steps;
}

interface Reader {
  readonly open: () => Promise<Database>;
  /** Of the export that was read last: sealed plans do not change. */
  readonly plan: (ref: ExportRef) => Promise<PlanDocument>;
  readonly close: () => Promise<void>;
}

function createReader(layout: Layout): Reader {
  let database: Promise<Database> | undefined;
  let last: { readonly path: string; readonly plan: PlanDocument } | undefined;
  return {
    open: () => {
      database ??= openReadingDatabase(layout).catch((error: unknown) => {
        database = undefined;
        throw error;
      });
      return database;
    },
    plan: async (ref) => {
      const path = layout.export(ref);
      if (last?.path !== path) last = { path, plan: await readPlan(layout, ref) };
      return last.plan;
    },
    close: async () => {
      await (await database)?.close();
    },
  };
}

async function openReadingDatabase(layout: Layout): Promise<Database> {
  // Shared by all workers of the store: a chunk or a part fits into memory, so nothing is ever spilled there.
  const folder = join(layout.folder, 'reading');
  await makeFolder(folder);
  return openDatabase({ folder, memoryLimit: READING_MEMORY, threads: 1, allow: [layout.folder] });
}
