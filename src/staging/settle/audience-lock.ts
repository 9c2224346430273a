import { unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ExportError } from '../../errors';
import { listClaims } from '../delivery/claim';
import { mayHaveArrived } from '../delivery/attempts';
import { latestBaseline } from './retention';
import { checkedName, type Layout } from '../store/layout';
import { isCode, listFolder, readDocument, sealDocument } from '../store/atomic-files';

interface HolderDocument {
  readonly destinationId: string;
}

interface ReservedAudience {
  readonly accountId: string;
  readonly audienceId: string;
}

/**
 * Two destinations on one audience would take each other's people for leavers, and a baseline says nothing of another audience than
 * the one it was made in.
 * @throws ExportError AUDIENCE_IN_USE, AUDIENCE_MISMATCH
 */
export async function reserveAudience(
  layout: Layout,
  destinationId: string,
  { accountId, audienceId }: ReservedAudience,
): Promise<void> {
  const name = `${checkedName(`${accountId}-${audienceId}`)}.json`;
  const path = join(layout.audiences, name);
  await leaveOthers(layout, destinationId, name);
  if (await sealDocument(path, { destinationId })) return;
  const holder = await readDocument<HolderDocument>(path);
  if (holder?.destinationId === destinationId) return;
  throw new ExportError(
    'AUDIENCE_IN_USE',
    `Connecting "${destinationId}" to the audience ${audienceId} was refused: the destination "${holder?.destinationId ?? 'of another'}" exports to it already. ` +
      'Choose another audience, or remove that destination first.',
  );
}

/** An audience that was reserved by a connect that then failed is given up; one with a baseline is not. */
async function leaveOthers(layout: Layout, destinationId: string, name: string): Promise<void> {
  const others = (await audiencesOf(layout, destinationId)).filter((reserved) => reserved !== name);
  if (others.length === 0) return;
  if ((await latestBaseline(layout, destinationId)) || (await hasSent(layout, destinationId))) {
    throw new ExportError(
      'AUDIENCE_MISMATCH',
      `Connecting "${destinationId}" was refused: what the staging store holds of it was exported to another audience (account-audience: ` +
        `${others.map((reserved) => basename(reserved, '.json')).join(', ')}). Connect it to that one again, or choose another name.`,
    );
  }
  for (const reserved of others) await unlinkIfThere(join(layout.audiences, reserved));
}

/** Whether anything of any export may have reached Mailchimp. */
async function hasSent(layout: Layout, destinationId: string): Promise<boolean> {
  for (const exportId of await listClaims(layout, destinationId))
    if (await mayHaveArrived(layout, { destinationId, exportId })) return true;
  return false;
}

export async function releaseAudience(layout: Layout, destinationId: string): Promise<void> {
  for (const name of await audiencesOf(layout, destinationId))
    await unlinkIfThere(join(layout.audiences, name));
}

async function audiencesOf(layout: Layout, destinationId: string): Promise<string[]> {
  const reserved: string[] = [];
  for (const name of await listFolder(layout.audiences)) {
    const holder = await readDocument<HolderDocument>(join(layout.audiences, name));
    if (holder?.destinationId === destinationId) reserved.push(name);
  }
  return reserved;
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}
