import { basename } from 'node:path';
import { ExportError } from '../../errors';
import { mayHaveArrived } from '../delivery/attempts';
import { latestBaseline } from './retention';
import type { StagingStore } from '../../ports/staging-store';
import { AUDIENCES, checkedName, exportsFolder } from '../store/layout';
import { listFolders, listObjects, readDocument, sealDocument } from '../store/sealed-files';

interface HolderDocument {
  readonly destinationId: string;
}

interface ReservedAudience {
  readonly accountId: string;
  readonly audienceId: string;
}

/**
 * Two destinations on one audience would each take the contacts of the other for departed, and a baseline describes only the audience
 * that it was made in.
 * @throws ExportError AUDIENCE_IN_USE, AUDIENCE_MISMATCH
 */
export async function reserveAudience(
  store: StagingStore,
  destinationId: string,
  { accountId, audienceId }: ReservedAudience,
): Promise<void> {
  const name = `${checkedName(`${accountId}-${audienceId}`)}.json`;
  const key = AUDIENCES + name;
  await leaveOthers(store, destinationId, name);
  if (await sealDocument(store, key, { destinationId })) return;
  const holder = await readDocument<HolderDocument>(store, key);
  if (holder?.destinationId === destinationId) return;
  throw new ExportError(
    'AUDIENCE_IN_USE',
    `Connecting "${destinationId}" to the audience ${audienceId} was refused: the destination "${holder?.destinationId ?? 'unknown'}" exports to it already. ` +
      'Choose another audience, or remove that destination first.',
  );
}

/** An audience that was reserved by a connect that then failed is given up; one with a baseline is not. */
async function leaveOthers(store: StagingStore, destinationId: string, name: string): Promise<void> {
  const others = (await audiencesOf(store, destinationId)).filter((reserved) => reserved !== name);
  if (others.length === 0) return;
  if ((await latestBaseline(store, destinationId)) || (await hasSent(store, destinationId))) {
    throw new ExportError(
      'AUDIENCE_MISMATCH',
      `Connecting "${destinationId}" was refused: its exports in the staging store went to another audience (account-audience: ` +
        `${others.map((reserved) => basename(reserved, '.json')).join(', ')}). Connect it to that one again, or choose another name.`,
    );
  }
  for (const reserved of others) await store.delete(AUDIENCES + reserved);
}

/** Whether anything of any export may have reached Mailchimp. */
async function hasSent(store: StagingStore, destinationId: string): Promise<boolean> {
  for (const exportId of await listFolders(store, exportsFolder(destinationId)))
    if (await mayHaveArrived(store, { destinationId, exportId })) return true;
  return false;
}

export async function releaseAudience(store: StagingStore, destinationId: string): Promise<void> {
  for (const name of await audiencesOf(store, destinationId)) await store.delete(AUDIENCES + name);
}

async function audiencesOf(store: StagingStore, destinationId: string): Promise<string[]> {
  const reserved: string[] = [];
  for (const name of await listObjects(store, AUDIENCES)) {
    const holder = await readDocument<HolderDocument>(store, AUDIENCES + name);
    if (holder?.destinationId === destinationId) reserved.push(name);
  }
  return reserved;
}
