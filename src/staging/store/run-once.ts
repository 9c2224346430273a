import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { StagingStore } from '../../ports/staging-store';
import {
  attemptsOf,
  BASELINE,
  CENSUS,
  DRIFT,
  exportFolder,
  EXPOSED,
  inExport,
  OPT_OUTS,
  PLAN,
  scratchOf,
  SNAPSHOT,
  SUSPECTS,
} from './layout';
import { isOlder, listFolder, makeFolder, randomName } from './local-files';
import { deleteAll, listAll, listFolders, readDocument, sealDocument } from './sealed-files';
import { isSuperseded, superseded } from './superseded';

/** A sealed document names the folder with the row files of the attempt that sealed it; the files of other attempts are deleted. */
export interface Sealed {
  readonly folder: string;
}

/** Longer than any step takes; after it, what is not sealed belongs to a process that died. */
const STALE_AFTER_MS = 2 * 60 * 60_000;

const ATTEMPT = /^(snapshot|census|exposed|plan|settle|suspects|drift)-[0-9a-f]{12}$/;
const IN_PROGRESS = /^(snapshot|census|exposed|plan|settle|suspects|drift|forget|put)-[0-9a-f]{12}$/;

/** While these run, another one of the export has files in progress. A machine that was asleep for hours would take them for left behind. */
const BESIDE_OTHERS: ReadonlySet<string> = new Set(['snapshot', 'census', 'exposed']);

/** Creates a local folder for one attempt at a step of an export. Its name becomes that of the folder of its row files in the store. */
export async function openAttempt(store: StagingStore, ref: ExportRef, step: string): Promise<string> {
  const attempts = attemptsOf(store, ref.destinationId);
  if (!BESIDE_OTHERS.has(step)) {
    await sweepFolder(scratchOf(store));
    await sweepFolder(attempts);
    await sweepExport(store, ref);
  }
  const folder = join(attempts, `${step}-${randomName()}`);
  await makeFolder(folder);
  return folder;
}

interface Step<Document extends Sealed> {
  readonly step: string;
  readonly document: string;
  /** Names of the row files that `work` writes. */
  readonly files: readonly string[];
  /** Writes the row files into the folder and returns the content of the document. */
  readonly work: (folder: string) => Promise<Omit<Document, 'folder'>>;
  /** The job that runs the step, where it does so for an earlier one. Default: the job of the step. */
  readonly by?: ExportRef | undefined;
}

/** Runs a step once: the document that an attempt seals first is the result, and every other attempt gets it. */
export async function runOnce<Document extends Sealed>(
  store: StagingStore,
  ref: ExportRef,
  { step, document, files, work, by }: Step<Document>,
): Promise<Document> {
  const known = await readDocument<Document>(store, inExport(ref, document));
  if (known) return known;
  const folder = await openAttempt(store, ref, step);
  try {
    const result = { ...(await work(folder)), folder: basename(folder) } as unknown as Document;
    return await sealAttempt(store, ref, { document, files, folder, result, by });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Attempt<Document extends Sealed> {
  readonly document: string;
  readonly files: readonly string[];
  /** Local folder with the files. */
  readonly folder: string;
  readonly result: Document;
  /** As in a step. */
  readonly by?: ExportRef | undefined;
}

/**
 * Stores the row files of an attempt and then its document, which makes them valid. When this fails, they stay until they are swept:
 * the document may have been stored although the answer was lost. Rows that a job writes once a later one has superseded it are taken back, as
 * `sealRows` does: a process that was frozen would otherwise bring back a person who was forgotten since, or leave a baseline beside the current one.
 * @returns the document that is sealed
 * @throws ExportError SUPERSEDED
 */
export async function sealAttempt<Document extends Sealed>(
  store: StagingStore,
  ref: ExportRef,
  { document, files, folder, result, by = ref }: Attempt<Document>,
): Promise<Document> {
  const refuseLate = async (): Promise<void> => {
    if (!(await isSuperseded(store, by))) return;
    await deleteAll(store, `${inExport(ref, result.folder)}/`);
    throw superseded();
  };
  try {
    for (const name of files)
      await store.put(inExport(ref, result.folder, name), { file: join(folder, name) });
  } catch (error) {
    // Some are there, perhaps also the one whose answer was lost. Of an export that goes on, a later attempt sweeps them.
    await refuseLate();
    throw error;
  }
  await refuseLate();
  const key = inExport(ref, document);
  if (await sealDocument(store, key, result)) return result;
  const sealed = (await readDocument<Document>(store, key)) ?? result;
  if (sealed.folder !== result.folder) await deleteAll(store, `${inExport(ref, result.folder)}/`);
  return sealed;
}

/** Deletes the files in progress of processes that died. */
async function sweepFolder(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    const path = join(folder, name);
    if (IN_PROGRESS.test(name) && (await isOlder(path, STALE_AFTER_MS)))
      await rm(path, { recursive: true, force: true });
  }
}

/** Row files whose attempt died before it sealed its document. */
async function sweepExport(store: StagingStore, ref: ExportRef): Promise<void> {
  const attempts = (await listFolders(store, exportFolder(ref))).filter((name) => ATTEMPT.test(name));
  if (attempts.length === 0) return;
  const sealed = await Promise.all(
    [SNAPSHOT, CENSUS, OPT_OUTS, EXPOSED, PLAN, BASELINE, SUSPECTS, DRIFT].map((name) =>
      readDocument<Sealed>(store, inExport(ref, name)),
    ),
  );
  const kept = new Set(sealed.map((document) => document?.folder));
  for (const name of attempts.filter((name) => !kept.has(name))) {
    const folder = `${inExport(ref, name)}/`;
    if (await isUntouchedFor(store, folder, STALE_AFTER_MS)) await deleteAll(store, folder);
  }
}

/** Whether nothing below a folder was created for that long. */
export async function isUntouchedFor(store: StagingStore, folder: string, ageMs: number): Promise<boolean> {
  const before = Date.now() - ageMs;
  for (const key of await listAll(store, folder)) {
    const found = await store.head(key);
    if (found && found.createdMs >= before) return false;
  }
  return true;
}
