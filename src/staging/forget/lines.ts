import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { exportsFolder, REWRITTEN } from '../store/layout';
import { listFolders, listObjects } from '../store/sealed-files';

/** Folders of an export with a line of JSON for each row, and what becomes of a file that names the person. */
const FOLDERS = {
  // Only the census that was put together of them is read again.
  census: 'delete',
  // Their number is that of a part or chunk; it is only asked whether they are there.
  results: 'replace',
  // By part and attempt, as the results.
  withheld: 'replace',
  // Read all together.
  left: 'rename',
  archived: 'rename',
} as const;

interface Lines {
  readonly store: StagingStore;
  readonly destinationId: string;
  readonly isMentioned: (text: string) => boolean;
  readonly checkClaim: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** Takes the person out of the files of lines of all ended exports of a destination. @returns how many files and lines */
export async function rewriteLines({ store, destinationId, isMentioned, checkClaim, signal }: Lines) {
  let [files, rows] = [0, 0];
  const exports = exportsFolder(destinationId);
  for (const exportId of await listFolders(store, exports))
    for (const [name, fate] of Object.entries(FOLDERS)) {
      const folder = `${exports}${exportId}/${name}/`;
      for (const object of await listObjects(store, folder)) {
        signal?.throwIfAborted();
        const text = await store.get(folder + object);
        if (text === undefined || !isMentioned(text)) continue;
        await checkClaim();
        const lines = text.split('\n').filter((line) => line !== '');
        const kept = lines.filter((line) => !isMentioned(line));
        files += 1;
        rows += lines.length - kept.length;
        const put = await replaceLines(store, { folder, object, fate, kept });
        await checkClaim().catch(async (error: unknown) => {
          // Read before a freeze, the lines may name a person that a later job has removed.
          if (put !== undefined && isSupersededError(error)) await store.delete(put);
          throw error;
        });
      }
    }
  return { files, rows };
}

interface Replaced {
  readonly folder: string;
  readonly object: string;
  readonly fate: (typeof FOLDERS)[keyof typeof FOLDERS];
  readonly kept: readonly string[];
}

/**
 * Results that a crash has deleted and not replaced are those of an export that is settled: a later one asks Mailchimp whether the part has ended, and
 * goes on.
 * @returns the key of what this call has put
 */
async function replaceLines(
  store: StagingStore,
  { folder, object, fate, kept }: Replaced,
): Promise<string | undefined> {
  const text = kept.map((line) => `${line}\n`).join('');
  let put: string | undefined;
  const create = async (key: string) => {
    if (await store.put(key, text)) put = key;
  };
  // Always the same name, so that a call that is repeated after a crash makes no second copy.
  if (fate === 'rename' && kept.length > 0) await create(folder + object.replace(/\.ndjson$/, REWRITTEN));
  await store.delete(folder + object);
  if (fate === 'replace') await create(folder + object);
  return put;
}

const isSupersededError = (error: unknown): boolean =>
  error instanceof ExportError && error.code === 'SUPERSEDED';
