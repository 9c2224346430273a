import type { ExportRef } from '../../contract/identifiers';
import type { LeftMember } from '../../ports/mailchimp';
import type { StagingStore } from '../../ports/staging-store';
import { inExport } from '../store/layout';
import { listObjects, requireText } from '../store/sealed-files';
import { sealRows } from '../store/superseded';

const LEFT = 'left';

/** In a file of its own: steps of an export record at the same time. */
export async function recordLeft(
  store: StagingStore,
  ref: ExportRef,
  members: readonly LeftMember[],
): Promise<void> {
  if (members.length > 0) await sealRows(store, ref, { folder: `${inExport(ref, LEFT)}/`, pages: [members] });
}

export async function readLeft(store: StagingStore, ref: ExportRef): Promise<readonly LeftMember[]> {
  const found: LeftMember[] = [];
  for (const name of await listObjects(store, `${inExport(ref, LEFT)}/`)) {
    const lines = (await requireText(store, inExport(ref, LEFT, name))).split('\n');
    for (const line of lines) if (line !== '') found.push(JSON.parse(line) as LeftMember);
  }
  return found;
}
