import { describe, expect, test } from '@jest/globals';
import { firstPolls } from '../../src/activities/first-polls';
import { chunkOperation } from '../../src/mailchimp/operations';
import { DELIVERY, openAt, openSandbox, addresses, serve, upserts } from '../mailchimp/support';

const HEARTBEAT = { report: () => {}, throwIfCancelled: () => {} };
const OPERATIONS = [chunkOperation(DELIVERY, upserts(addresses(4)), 'export/0/0/1')];

describe('the first polls of a batch', () => {
  test('see it finish', async () => {
    const { account } = await openSandbox();
    const batchId = await account.submitBatch(OPERATIONS);
    const seen = await firstPolls(account, batchId, HEARTBEAT);
    expect(seen).toEqual({ batchId, status: 'finished', total: 1, finished: 1 });
  });

  test('leave one that takes longer to the workflow', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail({ effect: { type: 'stuckBatch', state: 'started' } });
    const batchId = await account.submitBatch(OPERATIONS);
    expect(await firstPolls(account, batchId, HEARTBEAT)).toMatchObject({ batchId, status: 'started' });
  });

  test('see nothing where Mailchimp does not know it, refuses or does not answer', async () => {
    const { account, sandbox } = await openSandbox();
    expect(await firstPolls(account, '0123456789', HEARTBEAT)).toBeNull();
    sandbox.control.set({ switches: { keysRevoked: true } });
    expect(await firstPolls(account, '0123456789', HEARTBEAT)).toBeNull();
    const silent = openAt(await serve(() => {}));
    expect(await firstPolls(silent, '0123456789', HEARTBEAT)).toBeNull();
  });

  test('end when the step is cancelled, so that it can return the id of the batch', async () => {
    const { account } = await openSandbox();
    const batchId = await account.submitBatch(OPERATIONS);
    const cancelled = {
      ...HEARTBEAT,
      throwIfCancelled: () => {
        throw new Error('cancelled');
      },
    };
    const before = account.requests();
    expect(await firstPolls(account, batchId, cancelled)).toBeNull();
    expect(account.requests()).toBe(before);
  });
});
