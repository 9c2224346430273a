import type { ExportRef } from '../contract/identifiers';
import type { Delivery, MailchimpAccount, MemberComparison } from '../contract/mailchimp';
import { type Chunk, DIFFERS, type PartPlan, type RowResult, type UpsertRow } from '../contract/plan';
import { isOptedOut } from '../contract/outcome';
import { isResubscribed, RESUBSCRIBED } from '../contract/tripwire';
import { ExportError } from '../errors';
import type { CollectedPart } from './collect-part';
import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';
import { createLookup } from './lookup';

export interface SendCanaryInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly delivery: Delivery;
  /** Its one chunk is small. */
  readonly part: PartPlan;
}

/**
 * Sends the first, small chunk of an export and reads its people back: status, fields and tags have to be at Mailchimp as they were
 * sent. `status_if_new` and `tags` of a batch subscribe are newer than some descriptions of Mailchimp's API; if they are not
 * honoured there, it costs these few people's update and not everybody's. A retry finds the verdict.
 *
 * @throws ExportError PROVIDER_DIFFERS with what differs; names of fields and tags, and counts
 */
export function createSendCanary({ staging, openAccount }: ActivityDependencies) {
  return async function sendCanary(input: SendCanaryInput): Promise<CollectedPart> {
    const { ref, delivery, part } = input;
    const key = `chunk-${part.firstChunk}`;
    return withHeartbeat(() =>
      duringExport(async () => {
        const account = await openAccount(input.account);
        if (!(await staging.hasResults(ref, key))) {
          await staging.recordAttempt(ref, part.part, 'direct');
          const chunk = await staging.readChunk(ref, part.firstChunk);
          await staging.checkClaim(ref);
          const lookup = createLookup(account, { delivery, lookups: part.rows });
          const results = await lookup.settle(chunk, await account.sendChunk(delivery, chunk));
          const verified = await verify({ account, delivery, chunk }, results);
          await staging.sealResults(ref, key, [{ chunk, results: verified }]);
        }
        refuseDifferences(await staging.readResults(ref, key));
        const summary = await staging.summarisePart(ref, part.part);
        return { ...summary, requests: account.requests() };
      }),
    );
  };
}

interface Sent {
  readonly account: MailchimpAccount;
  readonly delivery: Delivery;
  readonly chunk: Chunk;
}

async function verify(sent: Sent, results: readonly RowResult[]): Promise<readonly RowResult[]> {
  const { account, delivery, chunk } = sent;
  const verified: RowResult[] = [];
  const tag = chunk.kind === 'untag' ? await nameOf(sent, chunk.tagId) : undefined;
  for (const result of results) {
    const { email } = result;
    const row = chunk.kind === 'upsert' ? chunk.rows.find((one) => one.email === email) : undefined;
    if (result.result !== 'acknowledged') {
      verified.push(result.class === 'schema' ? differs(result, [`refused: ${result.text ?? ''}`]) : result);
      continue;
    }
    const found = await account.compareMember(delivery.audienceId, {
      email,
      ...(row && { row }),
      ...(tag !== undefined && { untagged: tag }),
    });
    verified.push(
      row ? judge(result, { row, found, firstStatus: delivery.firstStatus }) : judgeUntag(result, found),
    );
  }
  return verified;
}

async function nameOf({ account, delivery }: Sent, tagId: number): Promise<string | undefined> {
  return (await account.tags(delivery.audienceId)).find(({ id }) => id === tagId)?.name;
}

interface Found {
  readonly row: UpsertRow;
  readonly found: MemberComparison | undefined;
  readonly firstStatus: string;
}

function judge(result: RowResult, { row, found, firstStatus }: Found): RowResult {
  if (!found) return differs(result, ['acknowledged, and not in the audience']);
  const { status, fields, tags } = found;
  // Somebody who opts out, or is archived, in this very moment is no surprise; and whether Mailchimp takes updates of them is not sure.
  // Whoever was added as opted out was asked to be: of them, everything has to be there.
  const isAsAdded = !row.known && row.status === null && status === firstStatus;
  if (isOptedOut(status) && !isAsAdded) return result;
  if (isResubscribed(row, { status, isNew: false })) return { ...result, class: RESUBSCRIBED };
  const what = [
    ...(row.known || status === firstStatus ? [] : [`status ${status} instead of ${firstStatus}`]),
    ...fields.map((tag) => `merge field ${tag}`),
    ...tags.map((name) => `tag "${name}" missing`),
  ];
  return what.length > 0 ? differs(result, what) : result;
}

/** Who is not in the audience does not carry its tags. */
function judgeUntag(result: RowResult, found: MemberComparison | undefined): RowResult {
  const left = found?.tags ?? [];
  return left.length > 0
    ? differs(
        result,
        left.map((name) => `tag "${name}" still there`),
      )
    : result;
}

function differs({ chunk, email, status }: RowResult, what: readonly string[]): RowResult {
  const text = what.join('; ');
  return { chunk, email, result: 'unproven', class: DIFFERS, text, ...(status !== undefined && { status }) };
}

function refuseDifferences(results: readonly RowResult[]): void {
  const differing = results.filter((row) => row.class === DIFFERS);
  if (differing.length === 0) return;
  const counts = new Map<string, number>();
  for (const { text = '' } of differing)
    for (const what of text.split('; ')) counts.set(what, (counts.get(what) ?? 0) + 1);
  const list = Array.from(counts, ([what, count]) => `${what} (${count} of ${results.length})`);
  throw new ExportError(
    'PROVIDER_DIFFERS',
    `The export stopped after its first ${results.length} changes: read back from Mailchimp, they are not as they were sent: ` +
      `${list.join(', ')}. Nobody else was sent. Look at these people in Mailchimp before exporting again: "export rejects" lists them.`,
    { details: { differing: differing.length, sent: results.length } },
  );
}
