import type { ExportRef } from '../contract/identifiers';
import type { Delivery } from '../ports/mailchimp';
import { chunkKey, sizeOf, type PartPlan, type RowResult } from '../contract/plan';
import { ExportError } from '../errors';
import { kindsOf, unseen, verify, type Kind } from './rules/canary';
import type { CollectedPart } from './collect-part';
import { attemptDirectly } from './attempt-part';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { refuseOverLimit } from './rules/contact-limit';
import { readLeftMembers } from './rules/left-members';
import { createLookup } from './rules/lookup';
import { withholdSuppressed } from './rules/suppressed';

export interface SendCanaryInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly delivery: Delivery;
  /** Of one chunk. */
  readonly part: PartPlan;
  /** Maximum of members to read one by one for rows that the reply does not name. */
  readonly lookups: number;
}

export interface SentCanary extends CollectedPart {
  readonly lookups: number;
  /** Of the new contacts, or of the known ones, none could be read back, because Mailchimp refused them all. */
  readonly isBlind: boolean;
}

/**
 * Sends the first, small chunk of an export and reads its members back: status, fields and tags have to be in Mailchimp as they were sent.
 * Some descriptions of Mailchimp's API do not list `status_if_new` and `tags` for a batch subscribe; if Mailchimp ignores them, only these
 * few contacts are affected. Of a later chunk, only kinds of rows are read back that the first chunk did not show.
 *
 * A retry returns the sealed verdict. Where it was not sealed yet, the chunk is sent again: the reply then lists no contact as new, so the
 * status of new contacts is not checked.
 *
 * @throws ExportError PROVIDER_DIFFERS, with the names of the fields and tags that differ, and counts
 */
export function createSendCanary(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function sendCanary(input: SendCanaryInput): Promise<SentCanary> {
    const { ref, delivery, part } = input;
    const key = chunkKey(part.firstChunk);
    return exportStep(dependencies, input, async (step) => {
      const account = await step.openAccount();
      const chunk = await staging.readChunk(ref, part.firstChunk);
      const lookup = createLookup(account, input);
      const kinds = await kindsToSee(staging, input);
      if (!(await staging.hasResults(ref, key))) {
        await attemptDirectly({ staging, step, account, ref, part: part.part }, async (isRepeated) => {
          const left = await readLeftMembers({ staging, account, ref, delivery });
          const suppressed = new Set(await staging.suppressedSincePlan(ref, part.part));
          const { chunk: sent, withheld: unsent } = withholdSuppressed(left.withhold(chunk), suppressed);
          const withheld = isRepeated
            ? await lookup.settleWithheld(left.withStatuses(chunk), unsent)
            : unsent;
          const replied = sizeOf(sent) === 0 ? [] : await account.sendChunk(delivery, sent);
          const results = await lookup.settle(sent, replied);
          refuseOverLimit(results);
          const verified = await verify({ account, delivery, chunk: sent, kinds }, results);
          await staging.sealResults(ref, key, [{ chunk, results: [...verified, ...withheld] }]);
        });
      }
      const results = await staging.readResults(ref, key);
      refuseDifferences(results);
      const summary = await staging.summarisePart(ref, part.part);
      const isBlind = unseen(kinds, { chunk, results, delivery }).length > 0;
      return { ...summary, requests: account.requests(), lookups: lookup.used(), isBlind };
    });
  };
}

/** The kinds of the first chunk; for another one, those that the first has not shown. */
async function kindsToSee(
  staging: ActivityDependencies['staging'],
  { ref, delivery, part }: SendCanaryInput,
): Promise<readonly Kind[]> {
  const chunk = await staging.readChunk(ref, 0);
  const kinds = kindsOf(chunk);
  if (part.firstChunk === 0) return kinds;
  return unseen(kinds, { chunk, results: await staging.readResults(ref, chunkKey(0)), delivery });
}

function refuseDifferences(results: readonly RowResult[]): void {
  const differing = results.filter((row) => row.class === 'differs');
  if (differing.length === 0) return;
  const counts = new Map<string, number>();
  for (const { text = '' } of differing)
    for (const what of text.split('; ')) counts.set(what, (counts.get(what) ?? 0) + 1);
  const list = Array.from(counts, ([what, count]) => `${what} (${count} of ${results.length})`);
  throw new ExportError(
    'PROVIDER_DIFFERS',
    `The export stopped after its first ${results.length} changes, because the members read back from Mailchimp differ from what was sent: ` +
      `${list.join(', ')}. No other contacts were sent. Check these members in Mailchimp before the next export: "export failures" lists them.`,
    { details: { differing: differing.length, sent: results.length } },
  );
}
