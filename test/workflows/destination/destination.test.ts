import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { destinationWorkflowId } from '../../../src/contract/identifiers';
import { startJobUpdate } from '../../../src/workflows/messages';
import {
  AUDIENCE,
  CONNECT,
  CROWD,
  CROWD_MEMBERS,
  person,
  startSharedWorker,
  type SharedWorker,
  type Stage,
} from '../../support/stage';
import { until } from '../../support/until';

/** As many as tests. */
const STAGES = 12;

describe('a destination', () => {
  let worker: SharedWorker;
  let stage: Stage;

  beforeAll(async () => {
    worker = await startSharedWorker(STAGES);
  });

  afterAll(async () => {
    await worker.close();
  });

  beforeEach(async () => {
    stage = worker.nextStage();
    await stage.writeProfiles([1, 2, 3].map((number) => person(number)));
    await stage.writeMembers([
      ['000001', 'vip'],
      ['000002', 'north'],
    ]);
  });

  const holdBatches = () => stage.sandbox.control.set({ batchPolls: 1_000_000 });
  const releaseBatches = () => stage.sandbox.control.set({ batchPolls: 0 });

  test('records the name and the text of a consent, and refuses to connect without one', async () => {
    await stage.withWorker(async () => {
      const { consent: _, ...withoutConsent } = CONNECT;
      await expect(stage.client.connect(stage.destinationId, withoutConsent)).rejects.toMatchObject({
        code: 'CONSENT_REQUIRED',
      });
      await stage.connect();
      const { consent } = await stage.client.describe(stage.destinationId);
      expect(consent).toMatchObject({ agreedBy: 'tester', textVersion: CONNECT.consent.textVersion });
      expect(consent?.withdrawnAt).toBeUndefined();
    });
  });

  test('ends at once when its first connect fails, so that nothing is left behind', async () => {
    await stage.withWorker(async () => {
      await expect(stage.connect({ audienceId: 'ffffffffff' })).rejects.toMatchObject({
        code: 'AUDIENCE_NOT_FOUND',
      });
      const handle = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
      await until(async () => (await handle.describe()).status.name === 'FAILED');
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'AUDIENCE_NOT_FOUND' } });
    });
  });

  test('goes on after a signal that is not what an alert or an export sends', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const handle = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
      for (const name of ['alertDelivery', 'exportWaits'])
        for (const args of [[], [null], [{}], [{ receiver: 'ops', event: 'held', at: 5, failure: 'none' }]])
          await handle.signal(name, ...args);
      expect(await stage.export()).toMatchObject({ status: 'completed' });
      expect((await stage.client.describe(stage.destinationId)).undeliveredAlerts).toBeUndefined();
    });
  });

  test('joins an equal export, queues one more, and refuses a third', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      holdBatches();
      const first = await stage.client.start(stage.destinationId);
      expect(first).toMatchObject({ number: 1, disposition: 'started' });
      expect(await stage.client.start(stage.destinationId)).toMatchObject({
        id: first.id,
        disposition: 'joined',
      });
      await stage.configure({ staleAfterHours: 26 });
      expect(await stage.client.start(stage.destinationId)).toMatchObject({ disposition: 'joined' });
      const second = await stage.client.start(stage.destinationId, { options: { allowMassRemoval: true } });
      expect(second).toMatchObject({ number: 2, disposition: 'queued' });
      await expect(stage.client.start(stage.destinationId, { options: { limit: 1 } })).rejects.toMatchObject({
        code: 'DESTINATION_BUSY',
      });
      releaseBatches();
      expect(await stage.follow(second.id)).toMatchObject({ number: 2, outcomes: { unchanged: 2 } });
    });
  });

  test('takes a plan and an export with the same options for two jobs, and joins equal plans', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      holdBatches();
      const request = { options: { lane: 'batch' as const } };
      const exported = await stage.client.start(stage.destinationId, request);
      const planned = await stage.client.plan(stage.destinationId, request);
      expect(planned).toMatchObject({ number: 1, disposition: 'queued' });
      expect(await stage.client.plan(stage.destinationId, request)).toMatchObject({
        id: planned.id,
        disposition: 'joined',
      });
      releaseBatches();
      await stage.follow(exported.id);
      expect(await stage.follow(planned.id)).toMatchObject({ status: 'planned', isSettled: false });
      const { baseline } = await stage.client.describe(stage.destinationId);
      expect(baseline).toMatchObject({ exportId: exported.id });
    });
  });

  test('answers a repeated request with the first answer, also after it continued as new', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const handle = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
      const envelope = { requestId: randomUUID(), notAfter: Date.now() + 60_000 };
      const ask = () => handle.executeUpdate(startJobUpdate, { args: [{ kind: 'export' }, envelope] });
      const first = await ask();
      await stage.follow(first.exportId);
      expect(await ask()).toEqual(first);
      expect((await stage.client.describe(stage.destinationId)).exports).toHaveLength(1);
    });
  });

  test('refuses a request that is read too late', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const handle = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
      const late = { requestId: randomUUID(), notAfter: Date.now() - 1 };
      await expect(
        handle.executeUpdate(startJobUpdate, { args: [{ kind: 'export' }, late] }),
      ).rejects.toMatchObject({
        cause: { type: 'REQUEST_EXPIRED' },
      });
    });
  });

  test('gives raw JSON the same clear errors as the client', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      const handle = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
      const envelope = { requestId: randomUUID(), notAfter: Date.now() + 60_000 };
      const ask = handle.executeUpdate('configure', { args: [{ email: 7, segment: 'vip' }, envelope] });
      await expect(ask).rejects.toMatchObject({
        cause: { type: 'INPUT_INVALID', message: expect.stringContaining('email') },
      });
    });
  });

  test('exports nothing before it is configured, and nothing after it is removed', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await expect(stage.client.start(stage.destinationId)).rejects.toMatchObject({ code: 'NOT_CONFIGURED' });
      await stage.configure();
      await stage.export();
      const removed = await stage.client.remove(stage.destinationId, { removedBy: 'tester' });
      expect(removed).toMatchObject({ phase: 'removed', consent: { withdrawnBy: 'tester' } });
      await expect(stage.client.start(stage.destinationId)).rejects.toMatchObject({
        code: 'DESTINATION_REMOVED',
      });
      await expect(stage.client.start('never-was')).rejects.toMatchObject({ code: 'DESTINATION_NOT_FOUND' });
    });
  });

  test('plans without leaving anything in the audience, with the numbers that the export then has', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const planned = await stage.plan();
      expect(planned).toMatchObject({
        status: 'planned',
        outcomes: { created: 2 },
        segments: [
          { name: 'VIP', tagged: 1 },
          { name: 'North', tagged: 1 },
        ],
      });
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: 0, tags: {} });
      expect((await stage.export()).segments).toMatchObject([{ tagged: 1 }, { tagged: 1 }]);
    });
  });

  test('leaves nothing in the audience when the source is refused', async () => {
    await stage.writeMembers([]);
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      expect(await stage.export()).toMatchObject({ status: 'failed', failure: { code: 'SOURCE_EMPTY' } });
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: 0, tags: {} });
    });
  });

  test('cancels a running export when it is removed', async () => {
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      holdBatches();
      await stage.client.start(stage.destinationId);
      await until(async () => (await stage.progress())?.batches === 1);
      const removed = await stage.client.remove(stage.destinationId, { removedBy: 'tester' });
      expect(removed.exports[0]).toMatchObject({ status: 'cancelled' });
    });
  });
});
