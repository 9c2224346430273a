import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { subscriberHash } from '../../../src/mailchimp/subscriber-hash';
import { postsTo } from '../../support/mailchimp';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

/** New people who are sent first and read back. */
const FIRST = 5;
const PEOPLE = Array.from({ length: 30 }, (_, index) => person(index + 1));
const [SOMEBODY = '', ...OTHERS] = PEOPLE.map(({ email }) => email);
const LAST = OTHERS.at(-1) ?? '';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
});

afterEach(async () => {
  await stage.close();
});

const audience = () => stage.sandbox.state(AUDIENCE);
const statusOf = (email: string) =>
  [...stage.sandbox.members(AUDIENCE)].find((member) => member.email === email)?.status;
const act = (email: string, action: 'subscribe' | 'unsubscribe' | 'archive') =>
  stage.sandbox.control.act({ audience: AUDIENCE, email, action });
const posts = (route: string) => postsTo(stage.sandbox, route);

/** Somebody who is in the audience, and acts in the moment before a request: by default, before the first people are sent. */
function actsMeanwhile(
  email: string,
  action: 'subscribe' | 'unsubscribe' | 'archive',
  match = 'POST /lists/*',
) {
  stage.sandbox.fail({
    match,
    effect: { type: 'act', act: { audience: AUDIENCE, email, action } },
  });
}

async function run<Result>(work: () => Promise<Result>): Promise<Result> {
  return stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    return work();
  });
}

describe('the first people of an export', () => {
  test('are read back, and the rest follows where they are as they were sent', async () => {
    await run(async () => {
      const report = await stage.export();
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 30 } });
      expect(report.tally).toMatchObject({ batches: 1, lanes: { direct: FIRST, batch: 30 - FIRST } });
    });
  });

  test.each([
    {
      name: 'tags',
      switches: { tagsOnBatch: 'ignored' },
      what: 'tag "VIP" missing (5 of 5)',
      members: FIRST,
    },
    { name: 'status_if_new', switches: { statusIfNewOnBatch: 'refused' }, what: 'refused', members: 0 },
  ] as const)(
    'stop it where Mailchimp does not take $name as it was told',
    async ({ switches, what, members }) => {
      await run(async () => {
        stage.sandbox.control.set({ switches });
        const report = await stage.export();
        expect(report).toMatchObject({
          status: 'failed',
          failure: { code: 'PROVIDER_DIFFERS', message: expect.stringContaining(what) },
          outcomes: { unproven: FIRST, not_sent: 30 - FIRST },
        });
        expect(audience().members).toBe(members);
        stage.sandbox.control.set({ switches: { tagsOnBatch: 'applied', statusIfNewOnBatch: 'honoured' } });
        expect((await stage.export()).outcomes).toMatchObject({ created: 30 });
        expect(audience()).toMatchObject({ members: 30, tags: { VIP: 30 } });
      });
    },
  );

  test('stop it also where they are added as unsubscribed', async () => {
    await stage.withWorker(async () => {
      await stage.connect({ statusIfNew: 'unsubscribed' });
      await stage.configure();
      stage.sandbox.control.set({ switches: { tagsOnBatch: 'ignored' } });
      expect((await stage.export()).failure).toMatchObject({
        code: 'PROVIDER_DIFFERS',
        message: expect.stringContaining('tag "VIP" missing (5 of 5)'),
      });
    });
  });

  test('do not stop it when one of them has signed up since the census, and is more than new people become', async () => {
    await stage.withWorker(async () => {
      await stage.connect({ statusIfNew: 'pending' });
      await stage.configure();
      await stage.writeMembers([['000030', 'vip']]);
      await stage.export();
      await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
      act(SOMEBODY, 'subscribe');
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 29 } });
      expect(statusOf(SOMEBODY)).toBe('subscribed');
    });
  });

  test('are followed by others where Mailchimp refuses them all, since that shows nothing', async () => {
    const fakes = ['1', '2', '3', '4', '5'].map((id) => ({
      ...person(Number(id)),
      email: `t${id}@example.com`,
    }));
    await stage.writeProfiles([...fakes, ...PEOPLE.slice(FIRST)]);
    await run(async () => {
      stage.sandbox.control.set({ switches: { tagsOnBatch: 'ignored' } });
      expect(await stage.export()).toMatchObject({
        status: 'failed',
        failure: { code: 'PROVIDER_DIFFERS', message: expect.stringContaining('tag "VIP" missing') },
        outcomes: { rejected: FIRST, unproven: 25 },
      });
      stage.sandbox.control.set({ switches: { tagsOnBatch: 'applied' } });
      await stage.export();
      expect(audience()).toMatchObject({ members: 25, tags: { VIP: 25 } });
    });
  });

  test('are followed by others of each kind, though the last people of the plan are refused too', async () => {
    const crowd = Array.from({ length: 506 }, (_, index) => person(index + 1));
    const isFake = (index: number) => index < FIRST || index === crowd.length - 1;
    await stage.writeProfiles(
      crowd.map((one, index) => (isFake(index) ? { ...one, email: `t${one.id}@example.com` } : one)),
    );
    await stage.writeMembers(crowd.map(({ id }) => [id, 'vip'] as const));
    await run(async () => {
      stage.sandbox.control.set({ switches: { tagsOnBatch: 'ignored' } });
      expect((await stage.export()).failure).toMatchObject({ code: 'PROVIDER_DIFFERS' });
      expect(posts('/batches')).toBe(0);
    });
  });

  test('are followed by others where all who were there already opt out before they are read back', async () => {
    const known = PEOPLE.slice(0, FIRST).map(({ email }) => email);
    for (const email of [...known, LAST]) act(email, 'subscribe');
    await run(async () => {
      stage.sandbox.control.set({ switches: { tagsOnBatch: 'newOnly' } });
      for (const email of known)
        actsMeanwhile(email, 'unsubscribe', `GET /lists/*/members/${subscriberHash(email)}`);
      expect(await stage.export()).toMatchObject({
        failure: { code: 'PROVIDER_DIFFERS', message: expect.stringContaining('tag "VIP" missing (1 of') },
      });
      expect(posts('/batches')).toBe(0);
    });
  });

  test('do not stop it when one of them opts out in that moment', async () => {
    act(SOMEBODY, 'subscribe');
    await run(async () => {
      actsMeanwhile(SOMEBODY, 'unsubscribe');
      expect(await stage.export()).toMatchObject({
        status: 'completed',
        outcomes: { created: 29, updated: 1 },
      });
      expect(statusOf(SOMEBODY)).toBe('unsubscribed');
    });
  });

  test('are looked up where the reply does not name them', async () => {
    await run(async () => {
      stage.sandbox.fail({ match: 'POST /lists/*', effect: { type: 'omitRows', count: 2 } });
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 30 } });
    });
  });
});

describe('somebody who is reached again, which nobody asked for', () => {
  test.each([
    ['had opted out', 'unsubscribe', 'subscribe'],
    ['was archived meanwhile', 'subscribe', 'archive'],
  ] as const)('stops the export before anybody else is sent: who %s', async (_, before, meanwhile) => {
    act(SOMEBODY, 'subscribe');
    act(SOMEBODY, before);
    await run(async () => {
      actsMeanwhile(SOMEBODY, meanwhile);
      const report = await stage.export();
      expect(report).toMatchObject({ status: 'failed', failure: { code: 'CONSENT_TRIPWIRE' } });
      expect(posts('/batches')).toBe(0);
      expect(audience().members).toBe(FIRST + 1);
    });
  });

  test('stops it also where new people are subscribed who were to be asked first', async () => {
    await stage.withWorker(async () => {
      await stage.connect({ statusIfNew: 'pending' });
      await stage.configure();
      stage.sandbox.control.set({ switches: { statusIfNewOnBatch: 'ignored' } });
      expect(await stage.export()).toMatchObject({
        status: 'failed',
        failure: { code: 'CONSENT_TRIPWIRE' },
        outcomes: { not_sent: PEOPLE.length - FIRST },
      });
      expect(audience().members).toBe(FIRST);
    });
  });

  test('stops it also where no reply says so, and a look-up shows it', async () => {
    // As many of those who are there already are among the first.
    for (const email of [...OTHERS.slice(0, FIRST), LAST]) act(email, 'subscribe');
    act(LAST, 'unsubscribe');
    await run(async () => {
      actsMeanwhile(LAST, 'subscribe');
      stage.sandbox.fail('omit 30 rows after 1 on POST /lists/*');
      expect(await stage.export({ lane: 'direct' })).toMatchObject({
        status: 'failed',
        failure: { code: 'CONSENT_TRIPWIRE' },
        outcomes: { unproven: 0, not_sent: 0 },
      });
    });
  });
});

describe('an export by the direct lane', () => {
  test('sends few changes in requests of their own, and says so', async () => {
    await run(async () => {
      const report = await stage.export({ lane: 'auto' });
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 30 } });
      expect(report.tally).toMatchObject({ batches: 0, lanes: { direct: 30, batch: 0, why: 'few changes' } });
      expect(posts('/batches')).toBe(0);
    });
  });

  test('takes rows that a reply does not name for done only where the member is as it was sent', async () => {
    await run(async () => {
      // The canary is answered whole; then two people are missing in the reply, who are there all the same.
      stage.sandbox.fail('omit 2 rows after 1 on POST /lists/*');
      expect((await stage.export({ lane: 'direct' })).outcomes).toMatchObject({ created: 30, unproven: 0 });
    });
  });
});

test('somebody who is in no list of the reply, and is not as they were sent, stays without proof', async () => {
  act(SOMEBODY, 'subscribe');
  act(SOMEBODY, 'unsubscribe');
  await run(async () => {
    stage.sandbox.control.set({ switches: { optedOutTakesUpdates: false, unchangedRowInReply: false } });
    expect((await stage.export()).outcomes).toMatchObject({ created: 29, unproven: 1 });
  });
});

describe('a batch whose reply is lost', () => {
  test('is found by what is in it, and not submitted again', async () => {
    await run(async () => {
      stage.sandbox.fail('reset after applying on POST /batches');
      const report = await stage.export();
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 30 }, tally: { batches: 1 } });
      expect(posts('/batches')).toBe(1);
    });
  });

  test('that never arrived is submitted again when it cannot arrive any more', async () => {
    await run(async () => {
      stage.sandbox.fail('reset on POST /batches');
      const report = await stage.export();
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 30 }, tally: { batches: 1 } });
      expect(posts('/batches')).toBe(2);
    });
  });

  test('is submitted again at once when it is sure that it did not leave', async () => {
    await run(async () => {
      stage.sandbox.fail('429 5 times on POST /batches');
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 30 } });
      const listed = stage.sandbox
        .requests()
        .filter(({ method, route }) => method === 'GET' && route === '/batches');
      expect(listed).toEqual([]);
    });
  });
});

describe('what an earlier export has sent', () => {
  test('has ended before the next one reads or sends anything', async () => {
    await run(async () => {
      stage.sandbox.fail('stuck batch');
      await stage.client.start(stage.destinationId);
      await until(async () => (await stage.client.progress(stage.destinationId))?.batches === 1);
      // Terminated, so that nobody deletes the batch: it is there when the next export begins.
      const { workflowId } = await stage.client.start(stage.destinationId);
      await stage.temporal.workflow.getHandle(workflowId).terminate('by the test');
      await until(async () => (await stage.client.describe(stage.destinationId)).exports[0]);
      const next = await stage.export();
      expect(next).toMatchObject({ number: 2, outcomes: { created: 25, unchanged: FIRST } });
      expect(stage.sandbox.requests()).toContainEqual(
        expect.objectContaining({ method: 'DELETE', route: '/batches/{batch_id}', count: 1 }),
      );
    });
  });
});
