import { rm } from 'node:fs/promises';
import type { BaselineRest } from '../../contract/forget';
import { quoteText } from '../../duckdb/quote';
import type { Forgotten, FoundContact, ForgetRequest } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';
import { concealSuppressions, keepOut } from '../settle/suppressions';
import { BASELINE_ROWS, GONE_ROWS, readBaseline } from '../store/documents';
import {
  dropEndedForgets,
  endForget,
  dropForget,
  readForget,
  readForgotten,
  readIdentity,
  sealIdentity,
} from '../store/forgets';
import { inExport, liftsFolder } from '../store/layout';
import { removeAttempts } from '../store/scratch';
import type { Lift } from '../store/lifts';
import { openAttempt } from '../store/run-once';
import { deleteNumbered, readSequence } from '../store/sequence';
import { withWorkspace } from '../store/workspace';
import { identify } from './identify';
import { rewriteLines } from './lines';
import { mentioner, setWanted, type Wanted } from './mentions';
import { rewriteRowFile } from './rewrite';
import { rowFilesOf } from './row-files';

export interface ForgetContext {
  readonly store: StagingStore;
  readonly memoryLimit: string;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
  /** @throws ExportError SUPERSEDED */
  readonly checkClaim: (ref: ExportRef) => Promise<void>;
  /** The job. */
  readonly ref: ExportRef;
  /** Of the request. */
  readonly id: string;
  /** Of Mailchimp, for its suppression list. */
  readonly accountId: string;
  /** Export with the current baseline. */
  readonly baseline: string | null;
}

/**
 * Who a request names, found before anything is removed, and kept until the request is done: after a crash, the rows that are left may no longer
 * tell all addresses. Earlier exports are settled: the positions of their rows are not needed afterwards.
 * @returns null when the request is done
 */
export async function findForgotten(
  context: ForgetContext,
): Promise<{ readonly request: ForgetRequest; readonly contacts: readonly FoundContact[] } | null> {
  const { store, id, ref, baseline } = context;
  const { destinationId } = ref;
  if (await readForgotten(store, destinationId, id)) return null;
  const request = await requireRequest(context);
  await context.checkClaim(ref);
  const known = await readIdentity(store, destinationId, id);
  if (known) return { request, contacts: known.contacts };
  const identity = await withDatabase(context, ({ database }) =>
    identify({ store, database, destinationId, baseline }, request),
  );
  const { contacts } = await sealIdentity(store, { destinationId, id }, identity);
  return { request, contacts };
}

/**
 * Removes a person from all that the store has of a destination: each file that names the person gets a generation without. Goes on where an
 * interrupted call has stopped. No export of the destination may run beside it; a call that was frozen, and goes on when one does, stops.
 */
export async function forget(context: ForgetContext): Promise<Forgotten> {
  const { store, ref, id, accountId, signal } = context;
  const { destinationId } = ref;
  const done = await readForgotten(store, destinationId, id);
  if (done) {
    await dropForget(store, destinationId, id);
    return done;
  }
  const request = await requireRequest(context);
  const identity = await readIdentity(store, destinationId, id);
  if (!identity) throw new Error('the person is found before rows are removed');
  const contacts = identity.contacts.map(({ email }) => email);
  const addresses = [...contacts, ...(identity.malformed ?? [])];
  const wanted: Wanted = { ...identity, addresses };
  // First, so that a crash cannot leave an address unprotected that is no longer in any list.
  if (request.keepOut !== false)
    await keepOut(
      context,
      // Another audience may have a contact that was permanently deleted in this one.
      request.keepOut === true
        ? { scope: { store: true }, addresses: contacts, by: request.by, kind: 'keyed' }
        : { scope: { destinationId }, addresses: contacts, by: request.by, kind: 'deleted' },
    );
  for (const scope of [{ destinationId }, { accountId }])
    await concealSuppressions(context, scope, addresses);
  const checkClaim = () => context.checkClaim(ref);
  await checkClaim();
  // Rows that a step which died was working on. None works now.
  await removeAttempts(store, destinationId);
  const inRows = await rewriteRowFiles(context, wanted);
  const isMentioned = mentioner(wanted);
  const inLines = await rewriteLines({ store, destinationId, isMentioned, checkClaim, signal });
  await dropLifts(context, wanted, isMentioned);
  const baseline = await countRest(context);
  const forgotten: Forgotten = {
    contacts: inRows.contacts,
    rows: inRows.rows + inLines.rows,
    files: inRows.files + inLines.files,
    isKeptOut: request.keepOut !== false && contacts.length > 0,
    ...(baseline && { baseline }),
  };
  await dropEndedForgets(store, { destinationId, id });
  await endForget(store, { destinationId, id }, forgotten);
  return forgotten;
}

export async function forgetsInStoreOnly(
  store: StagingStore,
  destinationId: string,
  id: string,
): Promise<boolean> {
  if (await readForgotten(store, destinationId, id)) return true;
  const { mailchimp } = await requireRequest({ store, ref: { destinationId }, id });
  return mailchimp === 'keep';
}

interface Requested {
  readonly store: StagingStore;
  readonly ref: Pick<ExportRef, 'destinationId'>;
  readonly id: string;
}

async function requireRequest({ store, ref, id }: Requested) {
  const request = await readForget(store, ref.destinationId, id);
  if (request) return request;
  throw new ExportError(
    'FORGET_NOT_FOUND',
    'The request to forget a person is no longer in the staging store: it waited for more than a week, or the store was changed. Repeat the command.',
  );
}

/** The current baseline, as it is now. */
async function countRest(context: ForgetContext): Promise<BaselineRest | undefined> {
  const { store, ref, baseline } = context;
  if (baseline === null) return undefined;
  const of = { ...ref, exportId: baseline };
  const document = await readBaseline(store, of);
  if (!document) return undefined;
  const rows = await store.localFile(inExport(of, document.folder, BASELINE_ROWS));
  if (rows === undefined) return undefined;
  const gone = await store.localFile(inExport(of, document.folder, GONE_ROWS));
  return withDatabase(context, async ({ database }) => {
    const { carrying } = await database.row<{ carrying: number }>(
      `SELECT count(*) AS carrying FROM read_parquet(${quoteText(rows)}) WHERE len(tags) > 0`,
    );
    const away =
      gone !== undefined &&
      (await database.row<{ gone: number; optedOut: number }>(
        `SELECT count(*) FILTER (coalesce(status, 'archived') = 'archived') AS gone,
           count(*) FILTER (status <> 'archived') AS "optedOut"
         FROM read_parquet(${quoteText(gone)})
         SEMI JOIN (SELECT address FROM read_parquet(${quoteText(rows)}) WHERE len(tags) > 0) carrying USING (address)`,
      ));
    return { exportId: of.exportId, carrying, ...away };
  });
}

/** Lends a database with one thread, which keeps the order of rows. */
async function withDatabase<Result>(
  { store, memoryLimit, ref, signal }: ForgetContext,
  work: (lent: {
    readonly database: Parameters<Parameters<typeof withWorkspace>[1]>[0];
    readonly folder: string;
  }) => Promise<Result>,
): Promise<Result> {
  const folder = await openAttempt(store, ref, 'forget');
  try {
    const workspace = { folder, memoryLimit, rows: 0, allow: store.workFolder, signal };
    return await withWorkspace(workspace, (database) => work({ database, folder }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rewriteRowFiles(context: ForgetContext, wanted: Wanted) {
  const { store, ref, checkClaim } = context;
  return withDatabase(context, async ({ database, folder }) => {
    await setWanted(database, wanted);
    let [contacts, rows, files] = [0, 0, 0];
    for await (const file of rowFilesOf(store, ref.destinationId)) {
      await checkClaim(ref);
      const lost = await rewriteRowFile({ store, database, folder, wanted }, file);
      if (lost === undefined) continue;
      files += 1;
      rows += lost;
      if (file.name === BASELINE_ROWS) contacts = Math.max(contacts, lost);
    }
    return { contacts, rows, files };
  });
}

/** Requests to send a row again that name the person's profile. */
async function dropLifts(
  { store, ref: { destinationId } }: ForgetContext,
  { keys }: Wanted,
  isMentioned: (text: string) => boolean,
): Promise<void> {
  const folder = liftsFolder(destinationId);
  for (const { number, document } of await readSequence<Lift>(store, folder))
    if (document?.keys?.some((key) => keys.includes(key) || isMentioned(key)))
      await deleteNumbered(store, folder, number);
}
