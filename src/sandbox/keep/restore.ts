import type { Batch } from '../batches/batch';
import type { Account } from '../model/account';
import type { KeptState } from './read-state';
import type { BatchRecord, MemberRecord } from './records';
import { archiveFile, newBatch } from '../batches/batch';
import { Audience } from '../model/audience';
import { subscriberHash } from '../model/hash';
import { readOperations, removeOthers } from './kept-files';

/** Gives an account the audiences of an earlier run, with the same ids, positions and times. @throws Error for a tag that does not exist */
export function restoreAudiences(account: Account, { audiences, members }: KeptState): void {
  for (const [id, state] of audiences) {
    const audience = Audience.restore(state);
    // A position may have no record: of a member that was gone before the file was last rewritten.
    for (const record of members.get(id) ?? [])
      if (record && !('gone' in record)) addMember(audience, record);
    account.audiences.set(id, audience);
  }
}

function addMember(audience: Audience, record: MemberRecord): void {
  let tags = audience.tagSets.empty;
  for (const id of record.tags) {
    if (!audience.segments.has(id))
      throw new Error(`sandbox: a kept member has a tag ${id} that does not exist`);
    tags = audience.tagSets.with(tags, id);
  }
  audience.add(
    {
      key: subscriberHash(record.email),
      email: record.email,
      status: record.status,
      locked: record.locked ?? false,
      plainText: record.plainText ?? false,
      values: record.values.map((value) => value ?? undefined),
      tags,
      lastChanged: record.lastChanged,
      addedAt: record.addedAt,
      optedInAt: record.optedInAt ?? (record.status === 'subscribed' ? record.addedAt : 0),
      extra: record.extra,
    },
    record.member,
  );
}

/**
 * Gives an account the batches of an earlier run. One that had not finished starts from its first operation: what it did before is done
 * again, which changes nothing.
 */
export async function restoreBatches(
  account: Account,
  { batches }: KeptState,
  folder: string,
): Promise<void> {
  await removeOthers(folder, new Set(batches.keys()));
  for (const record of batches.values()) {
    const batch = record.isFinished
      ? finishedBatch(record, folder)
      : newBatch(record, await readOperations(folder, record.id));
    account.batches.set(record.id, batch);
  }
}

function finishedBatch(record: BatchRecord, folder: string): Batch {
  const { total, finished, errored, completedAt, hasArchive } = record;
  const archive = hasArchive ? archiveFile(folder, record.id) : '';
  return {
    ...newBatch(record, []),
    state: 'finished',
    total,
    finished,
    errored,
    completedAt,
    archive,
    taken: true,
  };
}
