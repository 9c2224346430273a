import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { MOVED } from './layout';
import { listObjects, readDocument } from './sealed-files';

/** That another store has taken the place of this one. */
export interface MovedDocument {
  /** Id of the other store. */
  readonly to: string;
  readonly address: string;
  readonly at: string;
}

/** Any of the marks. */
export async function readMoved(store: StagingStore): Promise<MovedDocument | undefined> {
  return (await readMarks(store))[0];
}

export async function readMarks(store: StagingStore): Promise<readonly MovedDocument[]> {
  const marks: MovedDocument[] = [];
  for (const name of await listObjects(store, MOVED)) {
    const mark = await readDocument<MovedDocument>(store, MOVED + name);
    if (mark) marks.push(mark);
  }
  return marks;
}

/** @throws ExportError STORE_MOVED */
export async function requireNotMoved(store: StagingStore): Promise<void> {
  const moved = await readMoved(store);
  if (moved) throw storeMoved(moved);
}

/**
 * Runs a write that no claim guards. Looks at the mark before and after: who copies the store sets the mark first and lists the objects then, so what was
 * written without an error is in the copy.
 * @throws ExportError STORE_MOVED; then it may have been written, and has to be repeated in the other store
 */
export async function unlessMoved<Result>(
  store: StagingStore,
  write: () => Promise<Result>,
): Promise<Result> {
  await requireNotMoved(store);
  const result = await write();
  await requireNotMoved(store);
  return result;
}

export function storeMoved({ to, address }: MovedDocument): ExportError {
  return new ExportError(
    'STORE_MOVED',
    `The store ${to} in ${address} takes the place of this staging store, which takes no writes any longer. Set staging in the configuration of the workers to ${address}, and restart them. If temporal-mailchimp store copy has not ended without an error, repeat it first.`,
    { details: { storeId: to } },
  );
}
