import type { ExportRef } from '../contract/identifiers';
import { chunkKey, type ArchiveChunk, type PartPlan, type RowResult } from '../contract/plan';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { ArchivedContact, Staging } from '../ports/staging';
import { attemptDirectly } from './attempt-part';
import type { CollectedPart } from './collect-part';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import type { Heartbeat } from './heartbeat';
import { archiveContact, type Archived } from './rules/archive-contact';

export interface ArchiveChunksInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  readonly part: PartPlan;
  /** Requests that the export still needs, about. Undefined in inputs of version 0.4.0. */
  readonly requests?: number;
}

/**
 * Archives the contacts of a part, one by one: each is read, and archived by the next request, since a batch may wait for hours at Mailchimp, in
 * which people opt out. Several at a time. A retry continues with the chunks without sealed results.
 *
 * A contact that is found archived by a retry, and is not known to have been archived by us, is archived with the class `uncertain`: an attempt
 * that was killed, or another tool, has done it.
 */
export function createArchiveChunks(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function archiveChunks(input: ArchiveChunksInput): Promise<CollectedPart> {
    const { ref, part, audienceId } = input;
    return exportStep(dependencies, input, async (step) => {
      const account = await step.openAccount();
      const { heartbeat } = step;
      await attemptDirectly({ staging, step, account, ref, part: part.part }, async (isRepeated) => {
        const earlier = isRepeated ? await staging.readArchived(ref) : [];
        const ours = new Map(earlier.map((contact) => [contact.email, contact]));
        await archiveAll({ staging, account, heartbeat, ref, audienceId, isRepeated, ours }, part);
      });
      return { ...(await staging.summarisePart(ref, part.part)), requests: account.requests() };
    });
  };
}

interface Archiving {
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly heartbeat: Heartbeat;
  readonly ref: ExportRef;
  readonly audienceId: string;
  /** An earlier attempt at the part may have archived some. */
  readonly isRepeated: boolean;
  /** By address: contacts that an earlier attempt is known to have archived. */
  readonly ours: ReadonlyMap<string, ArchivedContact>;
}

async function archiveAll(archiving: Archiving, { firstChunk, lastChunk }: PartPlan): Promise<void> {
  const { account, heartbeat } = archiving;
  const chunks = Array.from({ length: lastChunk - firstChunk + 1 }, (_, index) => firstChunk + index);
  const queue = chunks.values();
  let isOver = false;
  async function work(): Promise<void> {
    for (const chunk of queue) {
      if (isOver) return;
      await archiveChunk(archiving, chunk);
      heartbeat.report({ chunks: chunk - firstChunk + 1, of: chunks.length });
    }
  }
  const workers = Array.from({ length: account.connections() }, () =>
    work().catch((error: unknown) => {
      isOver = true;
      throw error;
    }),
  );
  // Waits for all, so that each remembers what it has archived before the step ends.
  for (const end of await Promise.allSettled(workers)) if (end.status === 'rejected') throw end.reason;
}

async function archiveChunk(archiving: Archiving, number: number): Promise<void> {
  const { staging, account, audienceId, heartbeat, ref } = archiving;
  const key = chunkKey(number);
  if (await staging.hasResults(ref, key)) return;
  const chunk = await staging.readArchiveChunk(ref, number);
  const results: RowResult[] = [];
  try {
    for (const email of chunk.emails) {
      heartbeat.throwIfCancelled();
      const found = await archiveContact(account, { audienceId, email });
      const at = found === 'archived' ? await changeOf(account, { audienceId, email }) : undefined;
      results.push(toResult(archiving, chunk, { email, found, at }));
    }
  } catch (error) {
    await staging.recordArchived(
      ref,
      results
        .filter(isArchivedByUs)
        .map(({ email, changedAt }) => ({ email, ...(changedAt !== undefined && { changedAt }) })),
    );
    throw error;
  }
  await staging.sealResults(ref, key, [{ chunk, results }]);
}

/**
 * The time of our change, by the same clock as later ones: a later export compares it, to see whether others have had the contact since.
 * @returns undefined where it is in the archive no longer
 */
async function changeOf(
  account: Pick<MailchimpAccount, 'readMember'>,
  { audienceId, email }: { readonly audienceId: string; readonly email: string },
): Promise<string | undefined> {
  const member = await account.readMember(audienceId, email);
  return member?.status === 'archived' ? member.changedAt : undefined;
}

interface FoundContact {
  readonly email: string;
  readonly found: Archived;
  /** When we archived it. */
  readonly at: string | undefined;
}

function toResult(
  { isRepeated, ours }: Archiving,
  { chunk }: ArchiveChunk,
  { email, found, at }: FoundContact,
): RowResult {
  const archived = { chunk, email, result: 'acknowledged', status: 'archived' } as const;
  // Without a time, it cannot be seen later that it is as we left it.
  if (found === 'archived')
    return at === undefined ? { ...archived, class: 'uncertain' } : { ...archived, changedAt: at };
  const earlier = found === 'already_archived' ? ours.get(email) : undefined;
  if (earlier) return { ...archived, ...earlier };
  // The plan has only contacts that were not archived when the audience was read.
  if (found === 'already_archived' && isRepeated) return { ...archived, class: 'uncertain' };
  return { chunk, email, result: 'acknowledged', class: found };
}

function isArchivedByUs({ status, class: why }: RowResult): boolean {
  return status === 'archived' && why === undefined;
}
