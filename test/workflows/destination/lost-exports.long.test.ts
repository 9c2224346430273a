import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import { postsTo } from '../../support/mailchimp';
import { AUDIENCE, CONNECT, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

const PEOPLE = Array.from({ length: 60 }, (_, index) => person(index + 1));

let stage: Stage;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lost-exports-'));
  stage = await openStage({ sandbox: { record: join(folder, 'requests.ndjson') } });
  await stage.writeProfiles(PEOPLE);
});

afterEach(async () => {
  await stage.close();
  await rm(folder, { recursive: true });
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
  const CONTACTS = 20_000;

  test('sends nothing more soon after it was paused, and only the rest when it is resumed', async () => {
    const crowd = Array.from({ length: CONTACTS }, (_, index) => person(index + 1));
    await stage.writeProfiles(crowd);
    await stage.writeMembers(crowd.map(({ id }) => [id, 'vip'] as const));
    await run(async () => {
      const slowly = { match: 'POST /lists/*', times: 'always' } as const;
      stage.sandbox.fail({ ...slowly, effect: { type: 'delay', ms: 2_500 } });
      const { id: exportId } = await stage.client.start(stage.destinationId, { options: { lane: 'direct' } });
      // More than the canary.
      await until(async () => (await answered(exportId).catch(() => 0)) > 100);
      await (await stage.running()).pause();
      const open = async () => {
        const { raw } = await workflow(exportWorkflowId(stage.destinationId)).describe();
        return raw.pendingActivities?.length ?? 0;
      };
      await until(async () => (await open()) === 0);
      expect((await timesSent()).size).toBeLessThan(CONTACTS);
      const before = await answered(exportId);
      expect(await stage.progress()).toMatchObject({ isPaused: true });
      stage.sandbox.clearFaults();
      await (await stage.running()).resume();
      expect(await stage.follow(exportId)).toMatchObject({ outcomes: { created: CONTACTS } });
      const times = await until(async () => {
        const sent = await timesSent();
        return sent.size === CONTACTS && [...sent.values()];
      });
      expect(times.filter((each) => each === 1).length).toBeGreaterThanOrEqual(before);
    });
  });
});

/** Contacts whose answers the store has. */
async function answered(exportId: string): Promise<number> {
  const { destinationId } = stage;
  const results = join(stage.folder, 'staging/destinations', destinationId, 'exports', exportId, 'results');
  const files = (await readdir(results)).filter((name) => name.startsWith('chunk-'));
  const texts = await Promise.all(files.map((name) => readFile(join(results, name), 'utf8')));
  return texts.join('').trim().split('\n').length;
}

/** How often each contact was sent. */
async function timesSent(): Promise<Map<string, number>> {
  const lines = (await readFile(join(folder, 'requests.ndjson'), 'utf8')).trim().split('\n');
  const times = new Map<string, number>();
  for (const line of lines) {
    const { method, path, body } = JSON.parse(line) as Recorded;
    if (method !== 'POST' || path !== `/lists/${AUDIENCE}`) continue;
    for (const { email_address: email } of body.members) times.set(email, (times.get(email) ?? 0) + 1);
  }
  return times;
}

interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly body: { readonly members: readonly { readonly email_address: string }[] };
}
