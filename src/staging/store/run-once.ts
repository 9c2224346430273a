import { rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import { BASELINE, CENSUS, type Layout, OPT_OUTS, PLAN, SNAPSHOT } from './layout';
import { isCode, listFolder, makeFolder, randomName, readDocument, sealDocument } from './atomic-files';

/** A sealed document names the folder of the attempt that won; the folders of the others are deleted. */
export interface Sealed {
  readonly folder: string;
}

/** Longer than any step takes; after it an unsealed folder belongs to a process that died. */
const STALE_AFTER_MS = 2 * 60 * 60_000;

const ATTEMPT = /^(snapshot|census|plan|settle|failures)-[0-9a-f]{12}$/;

export async function openAttempt(layout: Layout, ref: ExportRef, step: string): Promise<string> {
  await sweep(layout, ref);
  const folder = layout.inExport(ref, `${step}-${randomName()}`);
  await makeFolder(folder);
  return folder;
}

interface Step<Document extends Sealed> {
  readonly step: string;
  readonly document: string;
  /** Writes files into the folder and answers what the document says of them. */
  readonly work: (folder: string) => Promise<Omit<Document, 'folder'>>;
}

/** Does a step once: whoever seals its document first has done it, and everybody gets that document. */
export async function runOnce<Document extends Sealed>(
  layout: Layout,
  ref: ExportRef,
  { step, document, work }: Step<Document>,
): Promise<Document> {
  const path = layout.inExport(ref, document);
  const known = await readDocument<Document>(path);
  if (known) return known;
  const folder = await openAttempt(layout, ref, step);
  let isOurs = false;
  try {
    const result = { ...(await work(folder)), folder: basename(folder) };
    isOurs = await sealDocument(path, result);
    return isOurs ? (result as unknown as Document) : ((await readDocument<Document>(path)) as Document);
  } finally {
    if (!isOurs) await rm(folder, { recursive: true, force: true });
  }
}

async function sweep(layout: Layout, ref: ExportRef): Promise<void> {
  const folder = layout.export(ref);
  const attempts = (await listFolder(folder)).filter((name) => ATTEMPT.test(name));
  if (attempts.length === 0) return;
  const sealed = await Promise.all(
    [SNAPSHOT, CENSUS, OPT_OUTS, PLAN, BASELINE].map((name) => readDocument<Sealed>(join(folder, name))),
  );
  const kept = new Set(sealed.map((document) => document?.folder));
  for (const name of attempts.filter((name) => !kept.has(name))) {
    const path = join(folder, name);
    if (await isOlder(path, STALE_AFTER_MS)) await rm(path, { recursive: true, force: true });
  }
}

export async function isOlder(path: string, ageMs: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < Date.now() - ageMs;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}
