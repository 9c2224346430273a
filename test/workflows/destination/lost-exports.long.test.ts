import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import { postsTo } from '../../support/mailchimp';
import { AUDIENCE, CONNECT, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

const PEOPLE = Array.from({ length: 60 }, (_, index) => person(index + 1));

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(PEOPLE);
});

afterEach(async () => {
  await stage.close();
});

const chooseFirst = (count: number) =>
  stage.writeMembers(PEOPLE.slice(0, count).map(({ id }) => [id, 'vip'] as const));
const tagged = () => stage.sandbox.state(AUDIENCE).tags['VIP'];
const workflow = (workflowId: string) => stage.temporal.workflow.getHandle(workflowId);
const posts = (route: string) => postsTo(stage.sandbox, route);

const singles = () => posts('/lists/{list_id}/members/{subscriber_hash}/tags');

async function run<Result>(work: () => Promise<Result>): Promise<Result> {
  return stage.withWorker(async () => {
    await stage.connect();
    await stage.configure({ segments: { vip: 'VIP' } });
    return work();
  });
}

/** The next export, as soon as one may be started. */
const exportNext = () => until(() => stage.export({ allowMassRemoval: true }).catch(() => undefined));

describe('an export that is lost with its destination', () => {
  test.each([
    ['both are terminated', true],
    ['the destination is terminated, and connected again at once', false],
  ])('leaves no contact tagged permanently: %s', async (_, isExportToo) => {
    await run(async () => {
      await chooseFirst(10);
      await stage.export();
      await chooseFirst(30);
      stage.sandbox.fail('stuck batch');
      await stage.client.start(stage.destinationId);
      await until(async () => (await stage.progress())?.batches === 1);
      expect(tagged()).toBe(15);
      await workflow(destinationWorkflowId(stage.destinationId)).terminate('by the test');
      if (isExportToo) await workflow(exportWorkflowId(stage.destinationId)).terminate('by the test');

      await stage.client.connect(stage.destinationId, { ...CONNECT, adopt: true });
      // Without adoptTags: the store knows the tag as ours.
      await stage.configure({ segments: { vip: 'VIP' } });
      await chooseFirst(10);
      expect((await exportNext()).outcomes).toMatchObject({ unchanged: 10, removed: 20 });
      expect(tagged()).toBe(10);
    });
  });
});

test('a first export that was lost with its destination leaves a tag that the next one knows as its own', async () => {
  await run(async () => {
    await chooseFirst(10);
    stage.sandbox.fail('stuck batch');
    await stage.client.start(stage.destinationId);
    await until(async () => (await stage.progress())?.batches === 1);
    expect(tagged()).toBe(5);
    await workflow(destinationWorkflowId(stage.destinationId)).terminate('by the test');
    await workflow(exportWorkflowId(stage.destinationId)).terminate('by the test');
    await stage.connect();
    await stage.configure({ segments: { vip: 'VIP' } });
    expect(await exportNext()).toMatchObject({ status: 'completed' });
    expect(tagged()).toBe(10);
    await chooseFirst(1);
    expect((await exportNext()).outcomes).toMatchObject({ unchanged: 1, removed: 9 });
    expect(tagged()).toBe(1);
  });
});

describe('a step whose export was terminated', () => {
  test('sends nothing more, however many requests its chunk has left', async () => {
    await run(async () => {
      await chooseFirst(60);
      await stage.export();
      await chooseFirst(1);
      const untagging = { match: 'POST /lists/*/segments/*', after: 1, times: 'always' } as const;
      stage.sandbox.fail({ ...untagging, effect: { type: 'status', status: 404, body: 'problem' } });
      const slowly = { match: 'POST /lists/*/members/*/tags', times: 'always' } as const;
      stage.sandbox.fail({ ...slowly, effect: { type: 'delay', ms: 300 } });
      await stage.client.start(stage.destinationId, { options: { lane: 'direct', allowMassRemoval: true } });
      await until(async () => singles() >= 2);
      await workflow(exportWorkflowId(stage.destinationId)).terminate('by the test');
      await until(async () => (await stage.client.describe(stage.destinationId)).exports[1]);
      await chooseFirst(60);
      expect((await exportNext()).status).toBe('completed');
      const sent = singles();
      expect(sent).toBeLessThan(59);
      // Longer than the next ones of them would have taken.
      await delay(1_500);
      expect([singles(), tagged()]).toEqual([sent, 60]);
    });
  });
});

describe('a batch that has finished, and whose results are unavailable', () => {
  test('is sent again where its reply was lost too', async () => {
    await chooseFirst(60);
    await run(async () => {
      stage.sandbox.fail('reset after applying on POST /batches');
      stage.sandbox.fail({ effect: { type: 'emptyResultUrl' } });
      expect(await stage.export({ lane: 'batch' })).toMatchObject({
        status: 'completed',
        outcomes: { created: 60 },
      });
      expect(tagged()).toBe(60);
    });
  });
});

describe('an export that goes directly', () => {
  test('sends nothing more soon after it was paused, and the rest when it is resumed', async () => {
    const crowd = Array.from({ length: 20_000 }, (_, index) => person(index + 1));
    await stage.writeProfiles(crowd);
    await stage.writeMembers(crowd.map(({ id }) => [id, 'vip'] as const));
    await run(async () => {
      const slowly = { match: 'POST /lists/*', times: 'always' } as const;
      stage.sandbox.fail({ ...slowly, effect: { type: 'delay', ms: 2_500 } });
      const { id: exportId } = await stage.client.start(stage.destinationId, { options: { lane: 'direct' } });
      await until(async () => posts('/lists/{list_id}') >= 2);
      await (await stage.running()).pause();
      const open = async () => {
        const { raw } = await workflow(exportWorkflowId(stage.destinationId)).describe();
        return raw.pendingActivities?.length ?? 0;
      };
      await until(async () => (await open()) === 0);
      const sent = posts('/lists/{list_id}');
      expect(sent).toBeLessThan(41);
      expect(await stage.progress()).toMatchObject({ isPaused: true });
      stage.sandbox.clearFaults();
      await (await stage.running()).resume();
      expect(await stage.follow(exportId)).toMatchObject({ outcomes: { created: 20_000 } });
      expect(posts('/lists/{list_id}')).toBeLessThanOrEqual(41 + 7);
    });
  });
});
