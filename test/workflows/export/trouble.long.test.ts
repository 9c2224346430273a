import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportWorkflowId } from '../../../src/contract/identifiers';
import { AUDIENCE, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../../support/stage';
import { until } from '../../support/until';

const MINUTE_MS = 60_000;

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await stage.close();
});

const exportHandle = () => stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));

async function currentDetails(): Promise<string> {
  const { currentDetails: details = '' } = await exportHandle().query<{ currentDetails?: string }>(
    '__temporal_workflow_metadata',
  );
  return details;
}

describe('an export whose provider', () => {
  test.each([
    ['refuses each request with 429', '429 always on POST /batches', 'MAILCHIMP_BUSY'],
    ['is absent', 'reset always on * /*', 'MAILCHIMP_UNAVAILABLE'],
  ])('%s says so within a minute, with the next try, and goes on by itself', async (_, fault, code) => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      stage.sandbox.fail(fault);
      const { id } = await stage.client.start(stage.destinationId);
      await until(async () => stage.sandbox.requests().some(({ status }) => status >= 400 || status === 0));
      const began = Date.now();
      const state = await until(async () => {
        const view = await stage.progress();
        return view?.state.kind === 'waiting' && view.state;
      });
      expect(Date.now() - began).toBeLessThan(MINUTE_MS);
      expect(state).toMatchObject({ reason: { code }, since: expect.any(String) });
      expect(Date.parse(state.retryAt!)).toBeGreaterThan(Date.parse(state.since));
      expect(await currentDetails()).toMatch(
        new RegExp(`^\\*\\*Waiting: ${code}\\..* It retries by itself, next at 20.* UTC\\.`),
      );
      stage.sandbox.clearFaults();
      expect(await stage.follow(id)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
      const { events } = await exportHandle().fetchHistory();
      const attempts = (events ?? []).map(
        ({ activityTaskStartedEventAttributes: begun }) => begun?.attempt ?? 0,
      );
      expect(Math.max(...attempts)).toBeLessThanOrEqual(2);
      expect(stage.sandbox.state(AUDIENCE).members).toBe(8);
    });
  });
});

test('an export whose store is away for a moment waits for it, and keeps its place and its tags', async () => {
  const [staging, away] = ['staging', 'away'].map((name) => join(stage.folder, name)) as [string, string];
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    stage.sandbox.control.set({ batchPolls: 1_000_000 });
    const { id } = await stage.client.start(stage.destinationId);
    await until(async () => (await stage.progress())?.batches === 1);
    await rename(staging, away);
    stage.sandbox.control.set({ batchPolls: 0 });
    const reason = await until(async () => {
      const view = await stage.progress();
      return view?.state.kind === 'waiting' && view.state.reason;
    });
    expect(reason).toMatchObject({ code: 'STAGING_FAILED' });
    await rename(away, staging);
    expect(await stage.follow(id)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    expect((await stage.export()).outcomes).toMatchObject({ unchanged: 8 });
  });
});
