import { randomUUID } from 'node:crypto';
import type { ForgetRequest, Forgotten } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { checkedName, forgetsFolder, forgottenFolder } from './layout';
import { listObjects, readDocument, sealDocument } from './sealed-files';

/** A request as it lies in the store, and not in Temporal, since it names a person. */
export interface StagedForget extends ForgetRequest {
  /** In ISO 8601 and UTC. */
  readonly at: string;
}

/** Who is to be forgotten, as the rows said before the first of them was removed: after a crash, the rest would no longer say it. */
export interface Identity {
  readonly contacts: readonly { readonly email: string; readonly tagIds: readonly number[] }[];
  /** Keys of the person's own profiles. */
  readonly keys: readonly string[];
  /** Spellings of the addresses that rows have, besides the normalised ones. */
  readonly spellings: readonly string[];
  /** What stands for an address and is none, such as two in one field: rows with it go, and no contact has it. Undefined: found by an earlier build. */
  readonly malformed?: readonly string[];
}

/** What a request has removed. Names no person: it answers a step that is repeated. */
interface ForgottenDocument extends Forgotten {
  readonly at: string;
}

/** @returns the id of the request, which may cross Temporal */
export async function stageForget(
  store: StagingStore,
  destinationId: string,
  request: ForgetRequest,
): Promise<string> {
  const id = randomUUID();
  const staged: StagedForget = { ...request, at: new Date().toISOString() };
  await sealDocument(store, requestKey(destinationId, id), staged);
  return id;
}

/** The same under an id that is given: a repeated call leaves one request, and none once it is done. @returns whether there is one */
export async function stageForgetOnce(
  store: StagingStore,
  { destinationId, id }: { readonly destinationId: string; readonly id: string },
  request: ForgetRequest,
): Promise<boolean> {
  if (await readForgotten(store, destinationId, id)) return false;
  const staged: StagedForget = { ...request, at: new Date().toISOString() };
  await sealDocument(store, requestKey(destinationId, id), staged);
  return true;
}

export function readForget(
  store: StagingStore,
  destinationId: string,
  id: string,
): Promise<StagedForget | undefined> {
  return readDocument(store, requestKey(destinationId, id));
}

export function readIdentity(
  store: StagingStore,
  destinationId: string,
  id: string,
): Promise<Identity | undefined> {
  return readDocument(store, identityKey(destinationId, id));
}

/** The first one stays. @returns the one that stays */
export async function sealIdentity(
  store: StagingStore,
  { destinationId, id }: { readonly destinationId: string; readonly id: string },
  identity: Identity,
): Promise<Identity> {
  await sealDocument(store, identityKey(destinationId, id), identity);
  return (await readIdentity(store, destinationId, id)) ?? identity;
}

/** What the request has removed, once it is done. */
export async function readForgotten(
  store: StagingStore,
  destinationId: string,
  id: string,
): Promise<Forgotten | undefined> {
  const found = await readDocument<ForgottenDocument>(store, forgottenKey(destinationId, id));
  if (!found) return undefined;
  const { at: _, ...forgotten } = found;
  return forgotten;
}

/** Says first that it is done, and then deletes what names the person. A repeated call deletes what an interrupted one has left. */
export async function endForget(
  store: StagingStore,
  { destinationId, id }: { readonly destinationId: string; readonly id: string },
  forgotten: Forgotten,
): Promise<void> {
  const done: ForgottenDocument = { ...forgotten, at: new Date().toISOString() };
  await sealDocument(store, forgottenKey(destinationId, id), done);
  await dropForget(store, destinationId, id);
}

/** Deletes what names the person. */
export async function dropForget(store: StagingStore, destinationId: string, id: string): Promise<void> {
  await store.delete(identityKey(destinationId, id));
  await store.delete(requestKey(destinationId, id));
}

/** Deletes the requests of earlier jobs, which were cancelled or have failed. Those that wait for their job have no rows found yet. */
export async function dropEndedForgets(
  store: StagingStore,
  { destinationId, id }: { readonly destinationId: string; readonly id: string },
): Promise<void> {
  for (const name of await listObjects(store, forgetsFolder(destinationId))) {
    const [, found] = /^(.+)\.found\.json$/.exec(name) ?? [];
    if (found !== undefined && found !== id) await dropForget(store, destinationId, found);
  }
}

/** A request that no job has taken for so long was given up: it must not name the person for ever. */
const REQUEST_DAYS = 7;
const DAY_MS = 24 * 60 * 60_000;

export async function expireForgets(
  store: StagingStore,
  destinationId: string,
  { forgottenBefore }: { readonly forgottenBefore: Date },
): Promise<void> {
  const before = Date.now() - REQUEST_DAYS * DAY_MS;
  for (const [folder, ms] of [
    [forgetsFolder(destinationId), before],
    [forgottenFolder(destinationId), forgottenBefore.getTime()],
  ] as const)
    for (const name of await listObjects(store, folder)) {
      const found = await store.head(folder + name);
      if (found && found.createdMs < ms) await store.delete(folder + name);
    }
}

function requestKey(destinationId: string, id: string): string {
  return `${forgetsFolder(destinationId)}${checkedName(id)}.json`;
}

function identityKey(destinationId: string, id: string): string {
  return `${forgetsFolder(destinationId)}${checkedName(id)}.found.json`;
}

function forgottenKey(destinationId: string, id: string): string {
  return `${forgottenFolder(destinationId)}${checkedName(id)}.json`;
}
