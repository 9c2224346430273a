import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { leftMembers, type LeftMembers, readLeftMembers } from '../../../src/activities/rules/left-members';
import type { Staging } from '../../../src/ports/staging';
import { FolderStore, openStaging } from '../../../src/staging';
import { AUDIENCE, DELIVERY, openSandbox, row, untags, upserts } from '../../mailchimp/support';

const ADA = 'ada@shop.test';
const BOB = 'bob@shop.test';
const archived = (email: string) => ({ email, status: 'archived' as const });
const unsubscribed = (email: string) => ({ email, status: 'unsubscribed' as const });

describe('a member that has left since the census', () => {
  test('is withheld, with the reason; the rest of the chunk is sent', () => {
    const left = leftMembers([archived(' Ada@Shop.test '), unsubscribed(BOB)], []);
    const { chunk, withheld } = left.withhold(upserts([ADA, BOB, 'cy@shop.test']));
    expect(chunk).toEqual(upserts(['cy@shop.test']));
    expect(withheld).toEqual([
      { chunk: 7, email: ADA, result: 'suppressed', class: 'archived' },
      { chunk: 7, email: BOB, result: 'suppressed', class: 'opted_out' },
    ]);
  });

  test('is withheld although it is listed no longer, by the status that was listed last', () => {
    expect(leftMembers([], [archived(ADA)]).withhold(upserts([ADA])).withheld).toMatchObject([
      { class: 'archived' },
    ]);
    const later = leftMembers([unsubscribed(ADA)], [archived(ADA)]);
    expect(later.withhold(upserts([ADA])).withheld).toMatchObject([{ class: 'opted_out' }]);
  });

  test('gets what was planned for it where the plan knew that it had left', () => {
    const left = leftMembers([archived(ADA), unsubscribed(BOB)], []);
    for (const status of ['unsubscribed', 'cleaned', 'archived']) {
      const chunk = { ...upserts([]), rows: [row(ADA, { status })] };
      expect(left.withhold(chunk)).toEqual({ chunk, withheld: [] });
    }
    const subscribed = { ...upserts([]), rows: [row(ADA, { status: 'subscribed' })] };
    expect(left.withhold(subscribed).withheld).toHaveLength(1);
  });

  test('is withheld where we had archived it and it was to come back, if it has opted out since', () => {
    const returning = { ...row(ADA, { status: 'archived' }), isReturning: true as const };
    const chunk = { ...upserts([]), rows: [returning] };
    expect(leftMembers([archived(ADA)], []).withhold(chunk)).toEqual({ chunk, withheld: [] });
    const out = leftMembers([], [unsubscribed(ADA)]);
    expect(out.withhold(chunk).withheld).toMatchObject([{ email: ADA, class: 'opted_out' }]);
    // To see in a reply that it was woken.
    const { isReturning: _, ...woken } = returning;
    expect(out.withStatuses(chunk)).toEqual({ ...chunk, rows: [{ ...woken, status: 'unsubscribed' }] });
    expect(leftMembers([], [archived(ADA)]).withStatuses(chunk)).toEqual(chunk);
  });

  test('is withheld where we had archived it, and it was changed in the archive since: it may have opted out in between', () => {
    const returning = {
      ...row(ADA, { status: 'archived' }),
      isReturning: true as const,
      archivedAt: '2026-01-31T12:00:00.000Z',
    };
    const chunk = { ...upserts([]), rows: [returning] };
    const asLeft = { ...archived(ADA), changedAt: '2026-01-31T12:00:00.000Z' };
    const again = { ...archived(ADA), changedAt: '2026-01-31T12:00:05.000Z' };
    expect(leftMembers([asLeft], []).withhold(chunk).withheld).toEqual([]);
    expect(leftMembers([again], []).withhold(chunk).withheld).toMatchObject([
      { email: ADA, class: 'archived' },
    ]);
  });

  test('loses tags as planned', () => {
    const chunk = untags(3, [ADA]);
    expect(leftMembers([archived(ADA)], []).withhold(chunk)).toEqual({ chunk, withheld: [] });
    expect(leftMembers([], [archived(ADA)]).withStatuses(chunk)).toEqual(chunk);
  });
});

function statuses(left: LeftMembers, status: string | null = null) {
  const chunk = left.withStatuses({ ...upserts([]), rows: [row(ADA, { status }), row(BOB)] });
  return chunk.kind === 'upsert' ? chunk.rows.map((row) => row.status) : [];
}

describe('the status of a row, to see in a reply whether a member was woken', () => {
  test('is the one that was listed earlier, unless the member is listed still', () => {
    expect(statuses(leftMembers([], []))).toEqual([null, null]);
    expect(statuses(leftMembers([], [archived(ADA)]))).toEqual(['archived', null]);
    expect(statuses(leftMembers([archived(ADA)], [archived(ADA)]))).toEqual([null, null]);
    expect(statuses(leftMembers([unsubscribed(BOB)], [archived(ADA)]))).toEqual(['archived', null]);
  });

  test('stays that of the plan where the plan knew that it had left', () => {
    const left = leftMembers([], [archived(ADA)]);
    expect(statuses(left, 'unsubscribed')).toEqual(['unsubscribed', null]);
    expect(statuses(left, 'subscribed')).toEqual(['archived', null]);
  });
});

describe('who has left by now', () => {
  const MINUTE_MS = 60_000;
  const ref = { destinationId: 'newsletter', exportId: randomUUID() };
  const members = [ADA, BOB].map((email_address) => ({ email_address, status: 'subscribed' as const }));
  let folder: string;
  let staging: Staging;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'left-members-'));
    staging = await openStaging({ store: new FolderStore(folder), memoryLimit: '128MB' });
    await staging.claim(ref);
  });

  afterEach(async () => {
    await staging.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** An audience whose members are subscribed, and then leave. */
  async function open() {
    const { account, sandbox } = await openSandbox({
      audiences: [{ id: AUDIENCE, name: 'Newsletter', members }],
    });
    const act = (email: string, action: 'subscribe' | 'archive' | 'unsubscribe') =>
      sandbox.control.act({ audience: AUDIENCE, email, action });
    const read = (since: number | undefined, statusIfNew = 'subscribed') =>
      readLeftMembers({
        staging,
        account,
        ref,
        delivery: { ...DELIVERY, statusIfNew, ...(since !== undefined && { since }) },
      });
    return { account, act, read };
  }

  const withheld = (left: LeftMembers) =>
    left.withhold(upserts([ADA, BOB])).withheld.map(({ email, class: name }) => `${email} ${name}`);

  test('is read from the audience, and remembered when a member was woken', async () => {
    const { act, read } = await open();
    act(ADA, 'archive');
    act(BOB, 'unsubscribe');
    expect(withheld(await read(Date.now()))).toEqual([`${ADA} archived`, `${BOB} opted_out`]);
    act(ADA, 'subscribe');
    const left = await read(Date.now());
    expect(withheld(left)).toEqual([`${ADA} archived`, `${BOB} opted_out`]);
    expect(statuses(left)).toEqual(['archived', null]);
    const remembered = (await staging.readLeft(ref)).map(({ email, status }) => `${email} ${status}`);
    expect(remembered.toSorted()).toEqual([`${ADA} archived`, `${BOB} unsubscribed`]);
  });

  test('is remembered with each status that was listed', async () => {
    const { act, read } = await open();
    act(ADA, 'unsubscribe');
    await read(Date.now());
    act(ADA, 'archive');
    await read(Date.now());
    const remembered = (await staging.readLeft(ref)).map(({ status }) => status);
    expect(remembered.toSorted()).toEqual(['archived', 'unsubscribed']);
  });

  test('has not left where the export itself adds contacts with that status', async () => {
    const { act, read } = await open();
    act(ADA, 'archive');
    act(BOB, 'unsubscribe');
    expect(withheld(await read(Date.now(), 'unsubscribed'))).toEqual([`${ADA} archived`]);
  });

  test('is read from ten minutes before the census, since clocks differ', async () => {
    const { act, read } = await open();
    act(ADA, 'archive');
    expect(withheld(await read(Date.now() + 9 * MINUTE_MS))).toEqual([`${ADA} archived`]);
  });

  test('is not read again from before that', async () => {
    const { act, read } = await open();
    act(ADA, 'archive');
    expect(withheld(await read(Date.now() + 11 * MINUTE_MS))).toEqual([]);
  });

  test('is not asked for where there was no census', async () => {
    const { account, act, read } = await open();
    act(ADA, 'archive');
    expect(withheld(await read(undefined))).toEqual([]);
    expect(account.requests()).toBe(0);
  });
});
