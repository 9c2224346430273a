import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { areResultsUnavailable, findLostBatch } from '../../../src/activities/rules/lost-batch';
import { operationId } from '../../../src/activities/rules/operation-id';
import type { Attempt, PartPlan } from '../../../src/contract/plan';
import { ExportError } from '../../../src/errors';
import { chunkOperation } from '../../../src/mailchimp/operations';
import type { MailchimpAccount } from '../../../src/ports/mailchimp';
import type { Staging } from '../../../src/ports/staging';
import type { Sandbox } from '../../../src/sandbox';
import { FolderStore, openStaging } from '../../../src/staging';
import { DELIVERY, finished, openSandbox, upserts } from '../../mailchimp/support';

const MINUTE_MS = 60_000;
/** The second part of an export: chunks 3 and 4. */
const PART: PartPlan = { part: 1, kind: 'upsert', firstChunk: 3, lastChunk: 4, rows: 2, canary: false };

let folder: string;
let staging: Staging;
let sandbox: Sandbox;
let account: MailchimpAccount;
let ref: { readonly destinationId: string; readonly exportId: string };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lost-batch-'));
  staging = await openStaging({ store: new FolderStore(folder), memoryLimit: '128MB' });
  ref = { destinationId: 'newsletter', exportId: randomUUID() };
  await staging.claim(ref);
  ({ sandbox, account } = await openSandbox());
});

afterEach(async () => {
  await staging.close();
  await rm(folder, { recursive: true, force: true });
});

/** Submits a batch, by default as the part would be. */
async function submit({ exportId = ref.exportId, part = PART.part, chunks = [3, 4] } = {}) {
  const operations = chunks.map((chunk) =>
    chunkOperation(
      DELIVERY,
      { ...upserts([`person${chunk}@shop.test`]), chunk },
      operationId({ destinationId: 'newsletter', exportId }, { part, chunk, attempt: 1 }),
    ),
  );
  return account.submitBatch(operations);
}

/** Looks for the batch after requests that were sent so many minutes ago. */
async function look(...minutesAgo: readonly number[]) {
  const attempts = minutesAgo.map((minutes, index): Attempt => {
    return { number: index + 1, atMs: Date.now() - minutes * MINUTE_MS, lane: 'batch' };
  });
  return findLostBatch({ account, staging, ref, part: PART, attempts });
}

describe('the batch of a request whose reply was lost', () => {
  test('is found by the operations of its results, beside those of other parts and exports', async () => {
    await finished(account, [await submit({ part: 2 }), await submit({ exportId: randomUUID() })]);
    const ours = await submit();
    await finished(account, [ours]);
    expect(await look(0)).toEqual({
      kind: 'found',
      batch: { batchId: ours, status: 'finished', total: 2, finished: 2 },
    });
  });

  test('is not one of the export that is recorded, nor one of another number of operations', async () => {
    const recorded = await submit();
    const larger = await submit({ chunks: [3, 4, 5] });
    await finished(account, [recorded, larger]);
    await staging.recordBatch(ref, 0, recorded);
    expect(await look(10)).toEqual({ kind: 'never' });
  });

  test('is not one of a time before the first request, but for the difference of the clocks', async () => {
    await finished(account, [await submit()]);
    expect(await look(-10, -20)).toMatchObject({ kind: 'wait' });
    expect(await look(-0.5)).toMatchObject({ kind: 'found' });
    expect(await look(-20, 10)).toMatchObject({ kind: 'found' });
  });

  test('may still be created while the last request can be running', async () => {
    const waiting = await look(10, 0);
    expect(waiting).toEqual({ kind: 'wait', waitMs: expect.any(Number) });
    const { waitMs } = waiting as { readonly waitMs: number };
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(account.longestRequestMs);
    expect(await look(10, 9)).toEqual({ kind: 'never' });
  });

  test('is waited for while one that may be it has not finished, for half an hour', async () => {
    sandbox.fail('stuck batch');
    await submit({ exportId: randomUUID() });
    expect(await look(0)).toEqual({ kind: 'wait', waitMs: 15_000 });
    expect(await look(31, 29)).toEqual({ kind: 'wait', waitMs: 15_000 });
    expect(await look(31)).toEqual({ kind: 'unknown' });
  });

  test('is not one whose results are gone: the part may be sent again', async () => {
    sandbox.fail('empty url always');
    await finished(account, [await submit()]);
    expect(await look(10)).toEqual({ kind: 'never' });
  });

  test('stays unknown while its results cannot be read for another reason', async () => {
    await finished(account, [await submit()]);
    sandbox.fail('500 always on GET /batches/*');
    await expect(look(10)).rejects.toMatchObject({ code: 'MAILCHIMP_UNAVAILABLE' });
  });
});

const failed = (name: string) =>
  new ExportError('MAILCHIMP_UNAVAILABLE', 'No.', { details: { class: name } });

test('the results of a finished batch are unavailable only after errors that stay', () => {
  for (const name of ['results_broken', 'results_refused', 'results_missing', 'results_gone'])
    expect(areResultsUnavailable(failed(name))).toBe(true);
  for (const name of ['results_not_ready', 'timeout'])
    expect(areResultsUnavailable(failed(name))).toBe(false);
  expect(areResultsUnavailable({ details: { class: 'results_gone' } })).toBe(false);
});
