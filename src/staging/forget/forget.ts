import { rm } from 'node:fs/promises';
import type { Forgotten, FoundContact, ForgetRequest } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { ExportError } from '../../errors';
import { mayHaveArrived } from '../delivery/attempts';
import { concealSuppressions, keepOut } from '../settle/suppressions';
import { settle } from '../settle/settle';
import { BASELINE_ROWS, readBaseline } from '../store/documents';
import {
  endForget,
  dropForget,
  readForget,
  readForgotten,
  readIdentity,
  sealIdentity,
} from '../store/forgets';
import { attemptsOf, exportsFolder, liftsFolder } from '../store/layout';
import type { Lift } from '../store/lifts';
import { openAttempt } from '../store/run-once';
import { listFolders } from '../store/sealed-files';
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
  readonly destinationId: string;
  /** Of the request. */
  readonly id: string;
  /** Of Mailchimp, for its suppression list. */
  readonly accountId: string;
}

/**
 * Who a request names, found before anything is removed, and kept until the request is done: after a crash, the rows that are left may no longer
 * tell all addresses. Settles what was never settled: the positions of its rows must not be needed afterwards.
 * @returns null when the request is done
 */
export async function findForgotten(
  context: ForgetContext,
): Promise<{ readonly request: ForgetRequest; readonly contacts: readonly FoundContact[] } | null> {
  const { store, destinationId, id } = context;
  if (await readForgotten(store, destinationId, id)) return null;
  const request = await requireRequest(context);
  const known = await readIdentity(store, destinationId, id);
  if (known) return { request, contacts: known.contacts };
  await settleAll(context);
  const identity = await withDatabase(context, ({ database }) =>
    identify({ store, database, destinationId }, request),
  );
  const { contacts } = await sealIdentity(store, { destinationId, id }, identity);
  return { request, contacts };
}

/**
 * Removes a person from all that the store has of a destination: each file that names the person gets a generation without. Goes on where an
 * interrupted call has stopped. No export of the destination may run beside it.
 */
export async function forget(context: ForgetContext): Promise<Forgotten> {
  const { store, destinationId, id, accountId, signal } = context;
  const done = await readForgotten(store, destinationId, id);
  if (done) {
    await dropForget(store, destinationId, id);
    return done;
  }
  const request = await requireRequest(context);
  const identity = await readIdentity(store, destinationId, id);
  if (!identity) throw new Error('the person is found before rows are removed');
  const addresses = identity.contacts.map(({ email }) => email);
  const wanted: Wanted = { ...identity, addresses };
  // First, so that a crash cannot leave an address unprotected that is no longer in any list.
  if (request.keepOut !== false)
    await keepOut(
      context,
      // Another audience may have a contact that was permanently deleted in this one.
      request.keepOut === true
        ? { scope: { store: true }, addresses, by: request.by, kind: 'keyed' }
        : { scope: { destinationId }, addresses, by: request.by, kind: 'deleted' },
    );
  for (const scope of [{ destinationId }, { accountId }])
    await concealSuppressions(context, scope, addresses);
  // Rows that a step which died was working on. None works now.
  await rm(attemptsOf(store, destinationId), { recursive: true, force: true });
  const inRows = await rewriteRowFiles(context, wanted);
  const isMentioned = mentioner(wanted);
  const inLines = await rewriteLines({ store, destinationId, isMentioned, signal });
  await dropLifts(context, wanted, isMentioned);
  const forgotten: Forgotten = {
    contacts: inRows.contacts,
    rows: inRows.rows + inLines.rows,
    files: inRows.files + inLines.files,
    isKeptOut: request.keepOut !== false && addresses.length > 0,
  };
  await endForget(store, { destinationId, id }, forgotten);
  return forgotten;
}

async function requireRequest({ store, destinationId, id }: ForgetContext) {
  const request = await readForget(store, destinationId, id);
  if (request) return request;
  throw new ExportError(
    'FORGET_NOT_FOUND',
    'The request to forget a person is no longer in the staging store: it waited for more than a week, or the store was changed. Repeat the command.',
  );
}

/** An export that was lost after it has sent: its plan names rows by their positions, and its next baseline is made of them. */
async function settleAll({ store, destinationId, ...context }: ForgetContext): Promise<void> {
  for (const exportId of await listFolders(store, exportsFolder(destinationId))) {
    const ref = { destinationId, exportId };
    if (!(await readBaseline(store, ref)) && (await mayHaveArrived(store, ref)))
      await settle({ store, ref, ...context }, null);
  }
}

/** Lends a database with one thread, which keeps the order of rows. */
async function withDatabase<Result>(
  { store, memoryLimit, destinationId, id, signal }: ForgetContext,
  work: (lent: {
    readonly database: Parameters<Parameters<typeof withWorkspace>[1]>[0];
    readonly folder: string;
  }) => Promise<Result>,
): Promise<Result> {
  const folder = await openAttempt(store, { destinationId, exportId: id }, 'forget');
  try {
    const workspace = { folder, memoryLimit, rows: 0, allow: store.workFolder, signal };
    return await withWorkspace(workspace, (database) => work({ database, folder }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rewriteRowFiles(context: ForgetContext, wanted: Wanted) {
  const { store, destinationId } = context;
  return withDatabase(context, async ({ database, folder }) => {
    await setWanted(database, wanted);
    let [contacts, rows, files] = [0, 0, 0];
    for await (const file of rowFilesOf(store, destinationId)) {
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
  { store, destinationId }: ForgetContext,
  { keys }: Wanted,
  isMentioned: (text: string) => boolean,
): Promise<void> {
  const folder = liftsFolder(destinationId);
  for (const { number, document } of await readSequence<Lift>(store, folder))
    if (document?.keys?.some((key) => keys.includes(key) || isMentioned(key)))
      await deleteNumbered(store, folder, number);
}
