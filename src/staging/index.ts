import { join } from 'node:path';
import type { ExportRef } from '../contract/identifiers';
import type { ExportReport } from '../contract/report';
import type { Staging } from '../ports/staging';
import type { StagingStore } from '../ports/staging-store';
import type { Database } from '../duckdb/database';
import { openDatabase } from '../duckdb/open';
import { openAttempt } from './store/run-once';
import { reserveAudience, releaseAudience } from './settle/audience-lock';
import { hasCensusPage, sealCensus, sealCensusPage } from './plan/census';
import { readArchived, recordArchived } from './delivery/archived';
import { createChunkReader, findPart, requireArchive, requirePlan, requireSent } from './delivery/chunks';
import { claim, createClaimCheck } from './delivery/claim';
import { stageDeleted } from './forget/deleted';
import { findForgotten, forget, forgetsInStoreOnly } from './forget/forget';
import { dropForget, stageForget } from './store/forgets';
import { lastConsent, recordConsent } from './store/consents';
import { withGenerations } from './store/generations';
import { ownTags, recordTag } from './store/own-tags';
import { presentStore } from './store/present-store';
import { requireNotMoved, unlessMoved } from './store/moved';
import { findReport } from './store/find-report';
import { readReport, readReports, sealReport } from './store/reports';
import {
  listAttempts,
  listBatches,
  readBatch,
  recordAttempt,
  recordBatch,
  recordUnsent,
} from './delivery/attempts';
import { readLeft, recordLeft } from './delivery/left-members';
import { readWithheld, recordWithheld, suppressedSincePlan } from './delivery/withheld';
import { endWrite, openWrite, recordLateWrite } from './delivery/open-writes';
import type { PlanDocument } from './store/documents';
import { discard, expire, expireAll, latestBaseline, tidy } from './settle/retention';
import { translating, translatingStore } from './store/failure';
import { exportFolder, scratchOf } from './store/layout';
import { unansweredWrites, recordDrained } from './delivery/unanswered-writes';
import { exposeLateWrites } from './plan/exposed';
import { expressionReads } from './plan/expressions';
import { planPerson } from './plan/person';
import { plan } from './plan/plan';
import { readFailures, writeFailures } from './settle/failures';
import { needsExport } from './settle/needs-export';
import { readPerson } from './settle/person';
import { liftRefusals, type ReadContext, readRefusals } from './settle/refusals';
import { readSegments } from './settle/segments';
import { readSuppressions, suppress, unsuppress } from './settle/suppressions';
import { readWarnings, writeWarnings } from './settle/warnings';
import { readDrift, sealDrift, writeDriftRows } from './verify/drift';
import { hasReadings, readSuspects, sealReadings } from './verify/readings';
import { chooseSample, findSuspects } from './verify/suspects';
import { hasResults, readResults } from './delivery/results';
import { makeFolder } from './store/local-files';
import { settle } from './settle/settle';
import { settleEarlier } from './settle/earlier-exports';
import { readRestored, sealRestored } from './plan/restored';
import { sealNoProfiles, sealSnapshot } from './plan/snapshot';
import { sweepHourly } from './store/scratch';
import { openStore, readStore, requireSameStore } from './store/store-id';
import { Summaries } from './delivery/summary';

export { readStore } from './store/store-id';
export { cancelCopy, copyStore, type CopiedStore } from './copy/copy-store';
export { FolderStore, requireOwnFolder } from './store/folder-store';
export { ObjectStagingStore } from './store/object-staging-store';
export { downloadsOf, scratchOf } from './store/layout';
export { createSemaphore } from './store/semaphore';
export { reserveTemporaryFolder, withTemporaryFolder } from './store/temporary-folder';

export interface StagingOptions {
  readonly store: StagingStore;
  /** DuckDB's buffer memory while planning and settling, e.g. `256MB`; the process needs 300 to 400 MB beyond it. */
  readonly memoryLimit: string;
  /** Default: the machine's clock. */
  readonly now?: () => Date;
}

/** Much shorter than the margin with which a later export waits for the last request of an earlier one. */
const LOOK_HOLDS_MS = 1000;

/**
 * Everything that knows exports, plans, parts, claims and baselines, written on top of a store. Creates the id of the store when it is
 * opened for the first time.
 * @throws ExportError STAGING_FAILED, DISK_FULL, STAGING_CORRUPT, STAGING_STORE_UNSAFE
 */
export async function openStaging({
  store: given,
  memoryLimit,
  now = () => new Date(),
}: StagingOptions): Promise<Staging> {
  const opened = translatingStore(given);
  await translating('open', async () => given.requireSafe?.())();
  const storeId = await translating('open', openStore)(opened);
  await requireNotMoved(opened);
  const store = presentStore(withGenerations(opened));
  const stopSweeping = sweepHourly(store);
  const reader = createReader(store, memoryLimit);
  const read = createChunkReader();
  const summaries = new Summaries(store);
  const readAny = async (ref: ExportRef, chunk: number) =>
    read({ store, database: await reader.open(), plan: await reader.plan(ref) }, ref, chunk);
  return {
    storeId,
    lookHoldsMs: store.isServed ? LOOK_HOLDS_MS : 0,
    ...translateAll({
      claim: async (ref, kind = 'export') => {
        await requireSameStore(store, storeId);
        // One that claims after the copy has claimed finds the mark, and of one before, the claim is superseded.
        await unlessMoved(store, () => claim(store, ref, kind));
      },
      checkClaim: createClaimCheck(store),
      hasCensusPage: (ref, page) => hasCensusPage(store, ref, page),
      sealCensusPage: (ref, page, rows) => sealCensusPage(store, ref, { ...page, rows }),
      sealCensus: async (ref, { scope, baseline }, signal) => {
        // First, since a census leaves out the tags of the baseline.
        await exposeLateWrites({ store, memoryLimit, ref, signal }, baseline);
        return sealCensus({ store, memoryLimit, ref, baseline, signal }, scope);
      },
      expressionReads: async (sql, attributes) => expressionReads(await reader.open(), sql, attributes),
      openExtractFolder: (ref) => openAttempt(store, ref, 'snapshot'),
      sealNoProfiles: (ref, attributes) => sealNoProfiles({ store, memoryLimit, ref }, attributes),
      readRestored: (ref, undo) => readRestored(store, ref, undo),
      sealRestored: (ref, undo) => sealRestored({ store, memoryLimit, ref }, undo),
      sealSnapshot: (ref, extract, signal) => sealSnapshot({ store, memoryLimit, ref, signal }, extract),
      plan: (ref, request, signal) => plan({ store, memoryLimit, ref, now, signal }, request),
      readChunk: async (ref, chunk) => requireSent(await readAny(ref, chunk)),
      readArchiveChunk: async (ref, chunk) => requireArchive(await readAny(ref, chunk)),
      recordAttempt: (ref, part, lane) => recordAttempt(store, ref, { part, lane }),
      recordUnsent: (ref, part, attempt) => recordUnsent(store, ref, { part, attempt }),
      listAttempts: (ref, part) => listAttempts(store, ref, part),
      recordLeft: (ref, members) => recordLeft(store, ref, members),
      readLeft: (ref) => readLeft(store, ref),
      suppressedSincePlan: async (ref, part) =>
        suppressedSincePlan({ store, plan: await reader.plan(ref), open: reader.open }, ref, part),
      recordWithheld: (ref, write, emails) => recordWithheld(store, ref, { write, emails }),
      readWithheld: (ref, write) => readWithheld(store, ref, write),
      ...writeRecords(store),
      ...destinationRecords(store),
      sealResults: (ref, key, chunks) => summaries.seal(ref, key, chunks),
      hasResults: (ref, key) => hasResults(store, ref, key),
      readResults: (ref, key) => readResults(store, ref, key),
      summarisePart: async (ref, number) => {
        const part = findPart(await reader.plan(ref), number);
        return summaries.summarise(ref, { part, readChunk: (chunk) => readAny(ref, chunk) });
      },
      settle: (ref, tally, signal) => settle({ store, memoryLimit, ref, now, signal }, tally),
      settleEarlier: (ref, baseline, { givesUp = false, signal } = {}) =>
        settleEarlier({ store, memoryLimit, ref, now, signal, givesUp }, baseline),
      ...verifier({ store, memoryLimit }),
      ...rowReaders({ store, memoryLimit }),
      ...forgetter({ store, memoryLimit, now }),
      needsExport: (ref) => needsExport({ store, memoryLimit }, ref),
      latestBaseline: (destinationId) => latestBaseline(store, destinationId),
      expire: (destinationId, keep) => expire(store, destinationId, keep),
      tidy: (destinationId, keep) => tidy(store, destinationId, keep),
      expireAll: (keep, signal) => expireAll(store, keep, signal),
      makeRoom: async () => (await given.makeRoom?.()) ?? false,
      close: () => reader.close().finally(stopSweeping),
    }),
  };
}

/** What a store offers to commands. Nothing of it writes into the store, except that `liftRefusals`, `suppress`, `unsuppress`, `stageForget` and `dropForget` add or delete a document. */
export type StagingReader = Pick<
  Staging,
  | 'storeId'
  | 'readSuppressions'
  | 'suppress'
  | 'stageForget'
  | 'dropForget'
  | 'unsuppress'
  | 'readFailures'
  | 'writeFailures'
  | 'readDrift'
  | 'writeDrift'
  | 'readPerson'
  | 'planPerson'
  | 'readRefusals'
  | 'liftRefusals'
  | 'readWarnings'
  | 'writeWarnings'
  | 'readSegments'
  | 'readReport'
> & {
  /** Ids of the stores that it is a copy of. */
  readonly formerIds: readonly string[];
  /** The reports of a destination that are kept, the latest first. Each is read when it is asked for. */
  readonly readReports: (destinationId: string) => AsyncGenerator<ExportReport>;
  /** The report of the latest export with a number. `since`: when the numbers began; undefined: not known, which takes long. */
  readonly findReport: (
    destinationId: string,
    wanted: { readonly number: number; readonly since: string | undefined },
  ) => Promise<ExportReport | undefined>;
};

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
  const store = withGenerations(translatingStore(given));
  const found = await translating('open', readStore)(store);
  if (found === undefined) return undefined;
  return {
    storeId: found.id,
    formerIds: found.formerIds ?? [],
    ...translateAll(rowReaders({ store, memoryLimit })),
    readReports: (destinationId) => readReports(store, destinationId),
    findReport: translating(
      'findReport',
      (destinationId: string, wanted: { readonly number: number; readonly since: string | undefined }) =>
        findReport(store, destinationId, wanted),
    ),
  };
}

/** What no claim guards: consents, reservations, reports, and the end of a destination. */
function destinationRecords(store: StagingStore) {
  return {
    reserveAudience: (destinationId, audience) =>
      unlessMoved(store, () => reserveAudience(store, destinationId, audience)),
    releaseAudience: (destinationId) => unlessMoved(store, () => releaseAudience(store, destinationId)),
    recordConsent: (destinationId, entry) =>
      unlessMoved(store, () => recordConsent(store, destinationId, entry)),
    lastConsent: (destinationId) => lastConsent(store, destinationId),
    recordTag: (destinationId, tagId) => recordTag(store, destinationId, tagId),
    ownTags: (destinationId) => ownTags(store, destinationId),
    sealReport: (report) => unlessMoved(store, () => sealReport(store, report)),
    discard: (destinationId) => unlessMoved(store, () => discard(store, destinationId)),
  } satisfies Partial<Staging>;
}

/** What an export notes of its writes, so that a later attempt knows of them. */
function writeRecords(store: StagingStore) {
  return {
    openWrite: (ref, write) => openWrite(store, ref, write),
    endWrite: (ref, write) => endWrite(store, ref, write),
    recordLateWrite: (ref, write, batchId) => recordLateWrite(store, ref, { write, batchId }),
    recordArchived: (ref, emails) => recordArchived(store, ref, emails),
    readArchived: (ref) => readArchived(store, ref),
    recordBatch: (ref, part, batchId) => recordBatch(store, ref, { part, batchId }),
    readBatch: (ref, part) => readBatch(store, ref, part),
    listBatches: (ref) => listBatches(store, ref),
    unansweredWrites: (ref) => unansweredWrites(store, ref),
    recordDrained: (ref) => recordDrained(store, ref),
  } satisfies Partial<Staging>;
}

/** The steps of a verification. */
function verifier({ store, memoryLimit }: ReadContext) {
  return {
    findSuspects: (ref, request, signal) => findSuspects({ store, memoryLimit, ref, signal }, request),
    chooseSample: (ref, request, signal) => chooseSample({ store, memoryLimit, ref, signal }, request),
    readSuspects: (ref, page) => readSuspects({ store, memoryLimit }, ref, page),
    hasReadings: (ref, page) => hasReadings(store, ref, page),
    sealReadings: (ref, page, readings) => sealReadings(store, ref, { page, readings }),
    sealDrift: (ref, request, signal) => sealDrift({ store, memoryLimit, ref, signal }, request),
  } satisfies Partial<Staging>;
}

/** The steps that forget a person. */
function forgetter({ store, memoryLimit, now }: ReadContext & { readonly now: () => Date }) {
  const context = { store, memoryLimit, now, checkClaim: createClaimCheck(store) };
  return {
    stageDeleted: (ref) => stageDeleted({ store, memoryLimit }, ref),
    forgetsInStoreOnly: (destinationId, id) => forgetsInStoreOnly(store, destinationId, id),
    findForgotten: (request, signal) => findForgotten({ ...request, ...context, signal }),
    forget: (request, signal) => forget({ ...request, ...context, signal }),
  } satisfies Partial<Staging>;
}

function rowReaders(
  context: ReadContext,
): Omit<StagingReader, 'storeId' | 'formerIds' | 'readReports' | 'findReport'> {
  return {
    readFailures: (ref, request) => readFailures(context, ref, request),
    writeFailures: (ref, request, file) => writeFailures(context, ref, { ...request, file }),
    readRefusals: (ref, request) => readRefusals(context, ref, request),
    readDrift: (ref, request) => readDrift(context, ref, request),
    writeDrift: (ref, request, file) => writeDriftRows(context, ref, { ...request, file }),
    readPerson: (ref, request) => readPerson(context, ref, request),
    planPerson: (ref, request) => planPerson(context, ref, request),
    liftRefusals: (ref, request) => unlessMoved(context.store, () => liftRefusals(context, ref, request)),
    readSuppressions: (scope, request) => readSuppressions(context, scope, request),
    stageForget: (destinationId, request) =>
      unlessMoved(context.store, () => stageForget(context.store, destinationId, request)),
    dropForget: (destinationId, id) => dropForget(context.store, destinationId, id),
    suppress: (scope, added) => unlessMoved(context.store, () => suppress(context, scope, added)),
    unsuppress: (scope, entries) => unlessMoved(context.store, () => unsuppress(context, scope, entries)),
    readWarnings: (ref, request) => readWarnings(context, ref, request),
    writeWarnings: (ref, request, file) => writeWarnings(context, ref, { ...request, file }),
    readSegments: (ref) => readSegments(context, ref),
    readReport: (ref) => readReport(context.store, ref),
  };
}

type Steps = Omit<Staging, 'storeId' | 'lookHoldsMs'>;

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
  // All readers of the process share the folder: a chunk or a part fits into memory, so nothing is spilled there. Most need little of the limit.
  const folder = join(scratchOf(store), 'reading');
  await makeFolder(folder);
  return openDatabase({ folder, memoryLimit, threads: 1, allow: [store.workFolder] });
}
export { fateOf, PROCESS_NAME } from './store/process-name';
