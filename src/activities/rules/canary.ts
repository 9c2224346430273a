import type { Delivery, MailchimpAccount, MemberComparison } from '../../ports/mailchimp';
import { type Chunk, CANARIES_OF_KIND, type RowResult, type UpsertRow } from '../../contract/plan';
import { isProtectedStatus } from '../../contract/outcome';
import { classified } from '../../contract/row-class';
import { isResubscribed, wasBefore } from '../../contract/resubscribed';

/** New contacts show whether `status_if_new` is applied; known ones, whether tags are appended to those that a member has. */
export type Kind = 'new' | 'known';

const kindOf = (row: UpsertRow): Kind => (row.known ? 'known' : 'new');

export function kindsOf(chunk: Chunk): readonly Kind[] {
  return chunk.kind === 'upsert' ? [...new Set(chunk.rows.map(kindOf))] : [];
}

interface Answered {
  readonly chunk: Chunk;
  readonly results: readonly RowResult[];
  readonly delivery: Delivery;
}

/** Kinds without an acknowledged row that proves anything. */
export function unseen(kinds: readonly Kind[], answered: Answered): readonly Kind[] {
  return kinds.filter((kind) => conclusiveRows(kind, answered).length === 0);
}

/** A few acknowledged rows of a kind. Not of opted-out members: Mailchimp may ignore updates of them, so they prove nothing. */
function conclusiveRows(kind: Kind, { chunk, results, delivery }: Answered): readonly UpsertRow[] {
  if (chunk.kind === 'untag') return [];
  const acknowledged = new Map(results.flatMap((one) => (isAcknowledged(one) ? [[one.email, one]] : [])));
  const conclusive = chunk.rows.filter((row) => {
    const result = acknowledged.get(row.email);
    if (!result || kindOf(row) !== kind) return false;
    return result.status === undefined || !hasLeft(row, { ...delivery, status: result.status });
  });
  return conclusive.slice(0, CANARIES_OF_KIND);
}

const isAcknowledged = ({ result }: RowResult) => result === 'acknowledged';

interface Sent {
  readonly account: MailchimpAccount;
  readonly delivery: Delivery;
  readonly chunk: Chunk;
  readonly kinds: readonly Kind[];
}

/**
 * Corrects the results of a reply by reading members back. When one member differs from what was sent, the acknowledgements of the rows that
 * were not read back count as unproven.
 */
export async function verify(sent: Sent, results: readonly RowResult[]): Promise<readonly RowResult[]> {
  const rows = rowsToRead(sent, results);
  const untagged = sent.chunk.kind === 'untag' ? await nameOf(sent, sent.chunk.tagId) : undefined;
  // Each was refused alone as well. Of one of several rows, that says what is wrong with the row; of all, with the requests.
  const isFormatRefused = results.length > 1 && results.every((row) => row.class === 'schema');
  // In parallel, as far as the account's connections reach: the rest of the export waits for it.
  const verified = await Promise.all(
    results.map((result) =>
      verifyOne(sent, result, { row: rows.get(result.email), untagged, isFormatRefused }),
    ),
  );
  // All rows of an untag chunk are read back: a canary has few of them.
  if (untagged !== undefined || !verified.some((row) => row.class === 'differs')) return verified;
  return verified.map((row) => (isAcknowledged(row) && !rows.has(row.email) ? notReadBack(row) : row));
}

function rowsToRead(
  { chunk, delivery, kinds }: Sent,
  results: readonly RowResult[],
): ReadonlyMap<string, UpsertRow> {
  const conclusive = kinds.flatMap((kind) => conclusiveRows(kind, { chunk, results, delivery }));
  return new Map(conclusive.map((row) => [row.email, row]));
}

interface Reading {
  readonly row: UpsertRow | undefined;
  readonly untagged: string | undefined;
  readonly isFormatRefused: boolean;
}

async function verifyOne(
  { account, delivery }: Sent,
  result: RowResult,
  { row, untagged, isFormatRefused }: Reading,
): Promise<RowResult> {
  if (isFormatRefused) return differs(result, [`refused: ${result.text ?? ''}`]);
  if (!isAcknowledged(result) || (!row && untagged === undefined)) return result;
  const { email } = result;
  const asked = { email, ...(row && { row }), ...(untagged !== undefined && { untagged }) };
  const found = await account.compareMember(delivery.audienceId, asked);
  return row ? judge(result, { row, found, ...delivery }) : judgeUntag(result, found);
}

function notReadBack({ chunk, email }: RowResult): RowResult {
  return { chunk, email, ...classified('not_read_back') };
}

async function nameOf({ account, delivery }: Sent, tagId: number): Promise<string | undefined> {
  return (await account.tags(delivery.audienceId)).find(({ id }) => id === tagId)?.name;
}

interface Found {
  readonly row: UpsertRow;
  readonly found: MemberComparison | undefined;
  readonly statusIfNew: string;
}

function judge(result: RowResult, { row, found, statusIfNew }: Found): RowResult {
  if (!found) return differs(result, ['acknowledged, but not in the audience']);
  const { status, fields, tags, others, evidence } = found;
  const isNew = result.isNew ?? false;
  // A member that opts out or is archived at this moment proves nothing.
  if (hasLeft(row, { status, statusIfNew })) return { ...result, status };
  if (isResubscribed(row, { status, isNew, statusIfNew }))
    return { ...result, ...classified('resubscribed'), text: wasBefore(row) };
  const what = [
    ...(!isNew || status === statusIfNew ? [] : [`status ${status} instead of ${statusIfNew}`]),
    ...fields.map((tag) => `merge field ${tag}`),
    ...others,
    // One that was there before has evidence of its own.
    ...(isNew ? evidence : []),
    ...tags.map((name) => `tag "${name}" missing`),
  ];
  return what.length > 0 ? differs(result, what) : result;
}

/** Whether a member has opted out since. A contact that was added with an opted-out `status_if_new` has not: it is compared in full. */
function hasLeft(
  row: UpsertRow,
  { status, statusIfNew }: { readonly status: string; readonly statusIfNew: string },
): boolean {
  const isAsAdded = !row.known && row.status === null && status === statusIfNew;
  return isProtectedStatus(status) && !isAsAdded;
}

/** An address that is not in the audience carries no tags. */
function judgeUntag(result: RowResult, found: MemberComparison | undefined): RowResult {
  const left = found?.tags ?? [];
  return left.length > 0
    ? differs(
        result,
        left.map((name) => `tag "${name}" not removed`),
      )
    : result;
}

function differs({ chunk, email, status }: RowResult, what: readonly string[]): RowResult {
  const text = what.join('; ');
  return { chunk, email, ...classified('differs'), text, ...(status !== undefined && { status }) };
}
