import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

const PEOPLE = Array.from({ length: 30 }, (_, index) => person(index + 1));
/** Far longer than an export may take to end, so that one that waits for a reply is noticed. */
const LONGEST_REQUEST_S = 60;

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  Object.assign(stage.config.accounts['main']!, { longestRequestSeconds: LONGEST_REQUEST_S });
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
});

afterEach(() => stage.close());

const tagged = () => stage.sandbox.state(AUDIENCE).tags['VIP'];
const requests = (method: string, route: string) =>
  stage.sandbox
    .requests()
    .filter((request) => request.method === method && request.route === route)
    .reduce((sum, { count }) => sum + count, 0);
const batches = () => (stage.sandbox.control.state() as { batches: unknown[] }).batches.length;

/** Works while the export has a batch at Mailchimp, which never finishes. */
async function whileBatchIsStuck(work: (exportId: string) => Promise<void>): Promise<void> {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure({ segments: { vip: 'VIP' } });
    stage.sandbox.fail('stuck batch');
    const { id } = await stage.client.start(stage.destinationId);
    await until(async () => (await stage.progress())?.batches === 1);
    await work(id);
  });
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = Date.now();
  await work();
  return (Date.now() - began) / 1000;
}

const hangAlways = () =>
  stage.sandbox.fail({ times: 'always', effect: { type: 'hang', ms: LONGEST_REQUEST_S * 1000 } });

describe('while Mailchimp does not answer', () => {
  test('a cancelled export ends within seconds, and the next one deletes its batch first', async () => {
    await whileBatchIsStuck(async (exportId) => {
      hangAlways();
      const seconds = await secondsOf(async () => {
        await stage.handle(exportId).cancel();
        expect(await stage.follow(exportId)).toMatchObject({ status: 'cancelled' });
      });
      expect(seconds).toBeLessThan(LONGEST_REQUEST_S / 2);
      expect(batches()).toBe(1);
      stage.sandbox.clearFaults();
      await stage.client.start(stage.destinationId);
      await until(async () => batches() === 0);
      expect(tagged()).toBe(5);
      await (await stage.running()).cancel();
    });
  });

  test('a destination is removed within seconds', async () => {
    await whileBatchIsStuck(async () => {
      hangAlways();
      const seconds = await secondsOf(() =>
        stage.client.remove(stage.destinationId, { removedBy: 'tester' }),
      );
      expect(seconds).toBeLessThan(LONGEST_REQUEST_S / 2);
    });
  });
});

test('a cancelled export deletes what is in flight before it asks for anything else, and says that it ends', async () => {
  await whileBatchIsStuck(async (exportId) => {
    const polls = requests('GET', '/batches/{batch_id}');
    // Whatever is read before the batch is deleted waits for as long as the test.
    stage.sandbox.fail({ match: 'GET **', times: 'always', effect: { type: 'hang', ms: 60_000 } });
    stage.sandbox.fail({ match: 'DELETE /batches/*', effect: { type: 'delay', ms: 2_000 } });
    const handle = await stage.running();
    await stage.handle(exportId).cancel();
    await until(async () => (await handle.progress())?.state.kind === 'cancelling');
    await until(async () => batches() === 0);
    expect(await stage.follow(exportId)).toMatchObject({ status: 'cancelled', outcomes: { unproven: 25 } });
    expect(requests('GET', '/batches/{batch_id}') - polls).toBeLessThanOrEqual(1);
  });
});
