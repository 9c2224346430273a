import type { ExportRef } from '../contract/identifiers';
import type { Layout } from './layout';
import { listNumbers, sealNumbered } from './numbered';
import { listFolder, makeFolder, readDocument, sealDocument } from './seal';

const ATTEMPTS = 'attempts';
const BATCHES = 'batches';

interface BatchDocument {
  readonly batchId: string;
}

/** @returns the attempt's number, from 1 */
export async function recordAttempt(layout: Layout, ref: ExportRef, part: number): Promise<number> {
  const folder = layout.inExport(ref, ATTEMPTS, `part-${part}`);
  for (;;) {
    const number = ((await listNumbers(folder)).at(-1) ?? 0) + 1;
    if (await sealNumbered(folder, number, { at: new Date().toISOString() })) return number;
  }
}

/** Parts that may have reached Mailchimp. */
export async function attemptedParts(layout: Layout, ref: ExportRef): Promise<readonly number[]> {
  const parts: number[] = [];
  for (const name of await listFolder(layout.inExport(ref, ATTEMPTS))) {
    const isAttempted = (await listNumbers(layout.inExport(ref, ATTEMPTS, name))).length > 0;
    if (isAttempted) parts.push(Number(name.slice('part-'.length)));
  }
  return parts;
}

export async function recordBatch(
  layout: Layout,
  ref: ExportRef,
  { part, batchId }: { part: number; batchId: string },
): Promise<void> {
  await makeFolder(layout.inExport(ref, BATCHES));
  await sealDocument(batchPath(layout, ref, part), { batchId });
}

export async function readBatch(layout: Layout, ref: ExportRef, part: number): Promise<string | undefined> {
  return (await readDocument<BatchDocument>(batchPath(layout, ref, part)))?.batchId;
}

function batchPath(layout: Layout, ref: ExportRef, part: number): string {
  return layout.inExport(ref, BATCHES, `part-${part}.json`);
}
