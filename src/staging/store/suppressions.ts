import type { SuppressionScope } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { suppressionsFolder } from './layout';
import { listObjects, requireLocalFile, sealLines } from './sealed-files';

// A list is one object with all of its entries, and each change of it makes the next generation: a plan reads one file, however many changes
// there have been.

/** 0: there is no list yet. */
export async function generationOf(store: StagingStore, scope: SuppressionScope): Promise<number> {
  return (await generations(store, scope)).at(-1) ?? 0;
}

/** Path of the list, with a JSON object on each line. Undefined: there is no list yet. */
export async function findSuppressions(
  store: StagingStore,
  scope: SuppressionScope,
): Promise<{ readonly generation: number; readonly file: string | undefined }> {
  for (let before = 0; ;) {
    const generation = await generationOf(store, scope);
    if (generation === 0) return { generation, file: undefined };
    const key = keyOf(scope, generation);
    const file = generation === before ? await requireLocalFile(store, key) : await store.localFile(key);
    if (file !== undefined) return { generation, file };
    // Two later changes have deleted it since: a list that is missing must not look like an empty one.
    before = generation;
  }
}

/**
 * Makes the next generation of a list. The one before stays, since a plan may be reading it.
 * @returns false when another change came first: then nothing was changed
 */
export async function replaceSuppressions(
  store: StagingStore,
  scope: SuppressionScope,
  { after, pages }: { readonly after: number; readonly pages: AsyncIterable<readonly object[]> },
): Promise<boolean> {
  const generation = after + 1;
  if (!(await sealLines(store, keyOf(scope, generation), pages))) return false;
  const all = await generations(store, scope);
  // Others may have made later ones, and deleted this number, while the pages were written.
  if (all.at(-1) !== generation) {
    await store.delete(keyOf(scope, generation));
    return false;
  }
  for (const old of all) if (old < after) await store.delete(keyOf(scope, old));
  return true;
}

/** Deletes all generations of a list but the last: the one before may name a person who is forgotten. A plan that is reading it is made again. */
export async function deleteFormerSuppressions(store: StagingStore, scope: SuppressionScope): Promise<void> {
  const all = await generations(store, scope);
  for (const old of all.slice(0, -1)) await store.delete(keyOf(scope, old));
}

async function generations(store: StagingStore, scope: SuppressionScope): Promise<readonly number[]> {
  const names = await listObjects(store, suppressionsFolder(scope));
  return names
    .flatMap((name) => (/^\d+\.ndjson$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .toSorted((one, other) => one - other);
}

function keyOf(scope: SuppressionScope, generation: number): string {
  return `${suppressionsFolder(scope)}${String(generation).padStart(6, '0')}.ndjson`;
}
