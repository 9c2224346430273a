import { randomUUID } from 'node:crypto';
import { ExportError } from '../../errors';
import type { Content, WritableStore } from '../../objects/object-store';

interface Place {
  readonly address: string;
  readonly prefix: string;
}

/** Names begin with it: no list of staging has them. */
const FOLDER = 'setup-check/';

/**
 * Refuses a store that does not look at the condition of a request, or not at that of the last request of several. There, two workers
 * could both be first, and a frozen one would replace what a later export has sealed. Also one whose lists miss
 * what was just created: an open write would be missed, or a page of the audience; and one that keeps empty folders: lists would grow for ever.
 *
 * @throws ExportError STAGING_STORE_UNSAFE
 */
export async function requireConditions(store: WritableStore, { address, prefix }: Place): Promise<void> {
  const folder = `${prefix === '' ? '' : `${prefix}/`}${FOLDER}`;
  const name = randomUUID();
  const key = `${folder}${name}/object`;
  const creates = (text: string, inPieces: boolean) =>
    store.create(key, contentOf(text), { metadata: { probe: text }, inPieces });
  const isListed = async () => {
    for await (const { objects } of store.list(`${folder}${name}/`, new AbortController().signal))
      if (objects.some((object) => object.key === key)) return true;
    return false;
  };
  // The answer may say "taken" where the client has repeated the request.
  const isFirst = async () => (await store.get(key))?.bytes.toString('utf8') === 'first';
  try {
    await creates('first', false);
    if ((await creates('second', false)) || !(await isFirst()))
      throw unsafe(address, 'creates an object again that exists, since it ignores If-None-Match');
    if (!(await isListed())) throw unsafe(address, 'lists objects some time after they were created');
    if ((await creates('third', true)) || !(await isFirst()))
      throw unsafe(
        address,
        'replaces an object when an upload in parts completes, since it ignores If-None-Match there',
      );
  } finally {
    await store.remove(key);
  }
  for await (const { folders } of store.list(folder, new AbortController().signal))
    if (folders.includes(`${folder}${name}/`))
      throw unsafe(address, 'keeps folders that are empty, as an account with a hierarchical namespace does');
}

const contentOf = (text: string): Content => {
  const bytes = Buffer.from(text);
  return { size: bytes.length, read: (from, length) => Promise.resolve(bytes.subarray(from, from + length)) };
};

function unsafe(address: string, what: string): ExportError {
  return new ExportError(
    'STAGING_STORE_UNSAFE',
    `${address} cannot be used for staging: it ${what}. Nothing was exported. Use a store that keeps to this, or a folder (staging.folder).`,
  );
}
