import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../errors';
import { checkedName, type Layout } from './layout';
import { isCode, listFolder, makeFolder, readDocument, sealDocument } from './seal';

interface HolderDocument {
  readonly destinationId: string;
}

interface HeldAudience {
  readonly accountId: string;
  readonly audienceId: string;
}

/** Two destinations on one audience would take each other's people for leavers. */
export async function holdAudience(
  layout: Layout,
  destinationId: string,
  { accountId, audienceId }: HeldAudience,
): Promise<void> {
  await makeFolder(layout.audiences);
  const path = join(layout.audiences, `${checkedName(`${accountId}-${audienceId}`)}.json`);
  if (await sealDocument(path, { destinationId })) return;
  const holder = await readDocument<HolderDocument>(path);
  if (holder?.destinationId === destinationId) return;
  throw new ExportError(
    'AUDIENCE_HELD',
    `Connecting "${destinationId}" to the audience ${audienceId} was refused: the destination "${holder?.destinationId ?? 'of another'}" exports to it already. ` +
      'Choose another audience, or remove that destination first.',
  );
}

export async function releaseAudience(layout: Layout, destinationId: string): Promise<void> {
  for (const name of await listFolder(layout.audiences)) {
    const path = join(layout.audiences, name);
    const holder = await readDocument<HolderDocument>(path);
    if (holder?.destinationId === destinationId) await unlinkIfThere(path);
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}
