import type { ExportRef } from '../../contract/identifiers';
import type { Attempt, Lane } from '../../contract/plan';
import type { Layout } from '../store/layout';
import { listNumbers, readNumbered, sealNumbered } from '../store/sequence';
import { listFolder, readDocument, sealDocument } from '../store/atomic-files';

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
  layout: Layout,
  ref: ExportRef,
  { part, lane }: { part: number; lane: Lane },
): Promise<number> {
  const folder = layout.inExport(ref, ATTEMPTS, partName(part));
  for (;;) {
    const number = ((await listNumbers(folder)).at(-1) ?? 0) + 1;
    const attempt: AttemptDocument = { at: new Date().toISOString(), lane };
    if (await sealNumbered(folder, number, attempt)) return number;
  }
}

/** Nothing of this attempt has reached Mailchimp. */
export async function recordUnsent(
  layout: Layout,
  ref: ExportRef,
  { part, attempt }: { part: number; attempt: number },
): Promise<void> {
  await sealNumbered(layout.inExport(ref, UNSENT, partName(part)), attempt, {});
}

/** Attempts that may have reached Mailchimp, the first one first. */
export async function listAttempts(
  layout: Layout,
  ref: ExportRef,
  part: number,
): Promise<readonly Attempt[]> {
  const folder = layout.inExport(ref, ATTEMPTS, partName(part));
  const unsent = new Set(await listNumbers(layout.inExport(ref, UNSENT, partName(part))));
  const attempts: Attempt[] = [];
  for (const number of await listNumbers(folder)) {
    const document = unsent.has(number) ? undefined : await readNumbered<AttemptDocument>(folder, number);
    if (document) attempts.push({ number, atMs: Date.parse(document.at), lane: document.lane });
  }
  return attempts;
}

/** Parts that may have reached Mailchimp, with their attempts. */
export async function attemptsByPart(
  layout: Layout,
  ref: ExportRef,
): Promise<ReadonlyMap<number, readonly Attempt[]>> {
  const found = new Map<number, readonly Attempt[]>();
  for (const name of await listFolder(layout.inExport(ref, ATTEMPTS))) {
    const part = Number(name.slice('part-'.length));
    const attempts = await listAttempts(layout, ref, part);
    if (attempts.length > 0) found.set(part, attempts);
  }
  return found;
}

/** Whether anything of an export may have reached Mailchimp. */
export async function mayHaveArrived(layout: Layout, ref: ExportRef): Promise<boolean> {
  return (await attemptsByPart(layout, ref)).size > 0;
}

export async function recordBatch(
  layout: Layout,
  ref: ExportRef,
  { part, batchId }: { part: number; batchId: string },
): Promise<void> {
  await sealDocument(batchPath(layout, ref, part), { batchId });
}

export async function readBatch(layout: Layout, ref: ExportRef, part: number): Promise<string | undefined> {
  return (await readDocument<BatchDocument>(batchPath(layout, ref, part)))?.batchId;
}

/** All batches of the export that are known by their id. */
export async function listBatches(layout: Layout, ref: ExportRef): Promise<readonly string[]> {
  const names = await listFolder(layout.inExport(ref, BATCHES));
  const documents = await Promise.all(
    names.map((name) => readDocument<BatchDocument>(layout.inExport(ref, BATCHES, name))),
  );
  return documents.flatMap((document) => document?.batchId ?? []);
}

function batchPath(layout: Layout, ref: ExportRef, part: number): string {
  return layout.inExport(ref, BATCHES, `${partName(part)}.json`);
}

function partName(part: number): string {
  return `part-${part}`;
}
