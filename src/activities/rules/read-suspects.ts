import type { ExportRef } from '../../contract/identifiers';
import type { MailchimpAccount } from '../../ports/mailchimp';
import type { MemberReading, Staging, Suspect } from '../../ports/staging';
import type { Heartbeat } from '../heartbeat';
import { mapAtOnce } from '../map-at-once';

interface Reading {
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly heartbeat: Heartbeat;
  readonly ref: ExportRef;
  readonly audienceId: string;
}

/** Reads suspects one by one, as many at once as the account has connections, except those of pages that are sealed. */
export async function readSuspects(reading: Reading, suspects: number): Promise<void> {
  const { staging, account, heartbeat, ref } = reading;
  for (let page = 0, done = 0; done < suspects; page++) {
    const of = await staging.readSuspects(ref, page);
    if (of.length === 0) return;
    done += of.length;
    if (await staging.hasReadings(ref, page)) continue;
    const readings = await mapAtOnce(of, account.connections(), (suspect) => readOne(reading, suspect));
    await staging.sealReadings(ref, page, readings);
    heartbeat.report({ suspects: done, of: suspects });
  }
}

async function readOne(
  { account, audienceId, heartbeat }: Reading,
  { n, email, fields, more, differing }: Suspect,
): Promise<MemberReading> {
  heartbeat.throwIfCancelled();
  const row = { email, fields, more, tags: '[]', known: true, status: null };
  const found = await account.inspectMember(audienceId, { email, row });
  if (!found) return { n, status: null, fields: [], carried: [] };
  // Of the others it is not known whether they were sent as the snapshot has them.
  const changed = [...found.fields, ...found.others].filter((name) => differing.includes(name));
  return { n, status: found.status, fields: changed, carried: found.carried };
}
