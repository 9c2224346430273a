import type { StagingStore } from '../../ports/staging-store';
import { latestBaseline } from '../settle/retention';
import { readBaseline } from './documents';
import { tagsFolder } from './layout';
import { listObjects, sealDocument } from './sealed-files';

/** Recorded before the tag is used: after a failed export, nothing else would show that the tag is not another tool's. */
export async function recordTag(store: StagingStore, destinationId: string, tagId: number): Promise<void> {
  await sealDocument(store, `${tagsFolder(destinationId)}${tagId}.json`, {});
}

/** Ids of the tags that exports of this destination created, or that contacts of its latest baseline carry. */
export async function ownTags(store: StagingStore, destinationId: string): Promise<readonly number[]> {
  const names = await listObjects(store, tagsFolder(destinationId));
  const recorded = names.filter((name) => /^\d+\.json$/.test(name)).map((name) => Number.parseInt(name, 10));
  const latest = await latestBaseline(store, destinationId);
  const baseline = latest && (await readBaseline(store, { destinationId, exportId: latest.exportId }));
  return [...new Set([...recorded, ...Object.keys(baseline?.tags ?? {}).map(Number)])];
}
