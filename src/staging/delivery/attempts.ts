import type { ExportRef } from '../../contract/identifiers';
import type { Attempt, Lane } from '../../contract/plan';
import type { StagingStore } from '../../ports/staging-store';
import { inExport } from '../store/layout';
import { listNumbers, readNumbered, sealNumbered } from '../store/sequence';
import { listFolders, listObjects, readDocument, sealDocument } from '../store/sealed-files';

const ATTEMPTS = 'attempts';
const UNSENT = 'unsent';
const BATCHES = 'batches';

interface AttemptDocument {
  readonly at: string;
  readonly lane: Lane;
}

interface BatchDocument {
  readonly batchId: string;
}

/** @returns the attempt's number, from 1 */
export async function recordAttempt(
  store: StagingStore,
  ref: ExportRef,
  { part, lane }: { part: number; lane: Lane },
): Promise<number> {
  const folder = partFolder(ref, ATTEMPTS, part);
  for (;;) {
    const number = ((await listNumbers(store, folder)).at(-1) ?? 0) + 1;
    const attempt: AttemptDocument = { at: new Date().toISOString(), lane };
    if (await sealNumbered(store, { folder, number }, attempt)) return number;
  }
}

/** Records that nothing of this attempt has reached Mailchimp. */
export async function recordUnsent(
  store: StagingStore,
  ref: ExportRef,
  { part, attempt }: { part: number; attempt: number },
): Promise<void> {
  await sealNumbered(store, { folder: partFolder(ref, UNSENT, part), number: attempt }, {});
}

/** Attempts that may have reached Mailchimp, the first one first. */
export async function listAttempts(
  store: StagingStore,
  ref: ExportRef,
  part: number,
): Promise<readonly Attempt[]> {
  const folder = partFolder(ref, ATTEMPTS, part);
  const unsent = new Set(await listNumbers(store, partFolder(ref, UNSENT, part)));
  const attempts: Attempt[] = [];
  for (const number of await listNumbers(store, folder)) {
    const document = unsent.has(number)
      ? undefined
      : await readNumbered<AttemptDocument>(store, folder, number);
    if (document) attempts.push({ number, atMs: Date.parse(document.at), lane: document.lane });
  }
  return attempts;
}

/** Parts that may have reached Mailchimp, with their attempts. */
export async function attemptsByPart(
  store: StagingStore,
  ref: ExportRef,
): Promise<ReadonlyMap<number, readonly Attempt[]>> {
  const found = new Map<number, readonly Attempt[]>();
  for (const name of await listFolders(store, `${inExport(ref, ATTEMPTS)}/`)) {
    const part = Number(name.slice('part-'.length));
    const attempts = await listAttempts(store, ref, part);
    if (attempts.length > 0) found.set(part, attempts);
  }
  return found;
}

/** Whether anything of an export may have reached Mailchimp. */
export async function mayHaveArrived(store: StagingStore, ref: ExportRef): Promise<boolean> {
  return (await attemptsByPart(store, ref)).size > 0;
}

export async function recordBatch(
  store: StagingStore,
  ref: ExportRef,
  { part, batchId }: { part: number; batchId: string },
): Promise<void> {
  await sealDocument(store, batchKey(ref, part), { batchId });
}

export async function readBatch(
  store: StagingStore,
  ref: ExportRef,
  part: number,
): Promise<string | undefined> {
  return (await readDocument<BatchDocument>(store, batchKey(ref, part)))?.batchId;
}

/** Ids of all batches of the export that were recorded. */
export async function listBatches(store: StagingStore, ref: ExportRef): Promise<readonly string[]> {
  const names = await listObjects(store, `${inExport(ref, BATCHES)}/`);
  const documents = await Promise.all(
    names.map((name) => readDocument<BatchDocument>(store, inExport(ref, BATCHES, name))),
  );
  return documents.flatMap((document) => document?.batchId ?? []);
}

function batchKey(ref: ExportRef, part: number): string {
  return inExport(ref, BATCHES, `${partName(part)}.json`);
}

function partFolder(ref: ExportRef, kind: string, part: number): string {
  return `${inExport(ref, kind, partName(part))}/`;
}

function partName(part: number): string {
  return `part-${part}`;
}
