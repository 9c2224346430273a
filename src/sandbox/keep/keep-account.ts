import type { Account } from '../model/account';
import type { KeptFiles } from './kept-files';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { Journal, lineOf } from './journal';
import { batchRecord, FORMAT, memberRecord } from './records';

/** Keeps the audiences and batches of an account from now on. @param rewrite whether to begin with a new file, without outdated lines */
export async function keepAccount(account: Account, files: KeptFiles, rewrite: boolean): Promise<Journal> {
  if (rewrite) await writeState(account, files.state);
  const journal = new Journal(files);
  for (const audience of account.audiences.values()) audience.listener = journal;
  account.journal = journal;
  return journal;
}

/** Under another name until it is complete, so that a killed process leaves the file as it was. */
async function writeState(account: Account, file: string): Promise<void> {
  const fresh = `${file}.new`;
  const stream = createWriteStream(fresh, { mode: 0o600, flush: true });
  for (const piece of linesOf(account)) if (!stream.write(piece)) await once(stream, 'drain');
  stream.end();
  await once(stream, 'close');
  await rename(fresh, file);
}

function* linesOf(account: Account): Generator<string> {
  yield lineOf({ format: FORMAT });
  for (const audience of account.audiences.values()) {
    yield lineOf({ audience: audience.state });
    for (const member of audience.members())
      yield lineOf(memberRecord(audience, member.webId - audience.profile.webId));
  }
  for (const batch of account.batches.values()) yield lineOf({ batch: batchRecord(batch) });
}
