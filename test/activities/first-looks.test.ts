import { describe, expect, test } from '@jest/globals';
import { firstLooks } from '../../src/activities/first-looks';
import { chunkOperation } from '../../src/mailchimp/operations';
import { DELIVERY, openAt, openSandbox, addresses, serve, upserts } from '../mailchimp/support';

const PULSE = { report: () => {}, throwIfCancelled: () => {} };
const OPERATIONS = [chunkOperation(DELIVERY, upserts(addresses(4)), 'export/0/0/1')];

describe('the first looks at a batch', () => {
  test('see it finish', async () => {
    const { account } = await openSandbox();
    const batchId = await account.submitBatch(OPERATIONS);
    const seen = await firstLooks(account, batchId, PULSE);
    expect(seen).toEqual({ batchId, status: 'finished', total: 1, finished: 1 });
  });

  test('leave one that takes longer to the workflow', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail({ effect: { type: 'stuckBatch', state: 'started' } });
    const batchId = await account.submitBatch(OPERATIONS);
    expect(await firstLooks(account, batchId, PULSE)).toMatchObject({ batchId, status: 'started' });
  });

  test('see nothing where Mailchimp does not know it, refuses or does not answer', async () => {
    const { account, sandbox } = await openSandbox();
    expect(await firstLooks(account, '0123456789', PULSE)).toBeNull();
    sandbox.control.set({ switches: { keysRevoked: true } });
    expect(await firstLooks(account, '0123456789', PULSE)).toBeNull();
    const silent = openAt(await serve(() => {}));
    expect(await firstLooks(silent, '0123456789', PULSE)).toBeNull();
  });

  test('end when the step is cancelled, so that it can return the id of the batch', async () => {
    const { account } = await openSandbox();
    const batchId = await account.submitBatch(OPERATIONS);
    const cancelled = {
      ...PULSE,
      throwIfCancelled: () => {
        throw new Error('cancelled');
      },
    };
    const before = account.requests();
    expect(await firstLooks(account, batchId, cancelled)).toBeNull();
    expect(account.requests()).toBe(before);
  });
});
