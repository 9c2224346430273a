import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { subscriberHash } from '../../../src/mailchimp/subscriber-hash';
import { postsTo } from '../../support/mailchimp';
import { AUDIENCE, person, startSharedWorker, type SharedWorker, type Stage } from '../../support/stage';
import { until } from '../../support/until';

/** Number of new contacts that are sent first and read back. */
const FIRST = 5;
const PEOPLE = Array.from({ length: 30 }, (_, index) => person(index + 1));
const [FIRST_EMAIL = '', ...OTHERS] = PEOPLE.map(({ email }) => email);
const LAST = OTHERS.at(-1) ?? '';

/** As many as tests. */
const STAGES = 21;

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
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
});

const audience = () => stage.sandbox.state(AUDIENCE);
const statusOf = (email: string) =>
  [...stage.sandbox.members(AUDIENCE)].find((member) => member.email === email)?.status;
const act = (email: string, action: 'subscribe' | 'unsubscribe' | 'archive') =>
  stage.sandbox.control.act({ audience: AUDIENCE, email, action });
const posts = (route: string) => postsTo(stage.sandbox, route);

/** Lets a member of the audience act just before a request: by default, before the first contacts are sent. */
function actsBefore(email: string, action: 'subscribe' | 'unsubscribe' | 'archive', match = 'POST /lists/*') {
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

describe('the first contacts of an export', () => {
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
    'stop it if Mailchimp does not apply $name as it was sent',
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

  test('do not stop it if one of them has signed up since the census and has a status beyond that of new contacts', async () => {
    await stage.withWorker(async () => {
      await stage.connect({ statusIfNew: 'pending' });
      await stage.configure();
      await stage.writeMembers([['000030', 'vip']]);
      await stage.export();
      await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
      act(FIRST_EMAIL, 'subscribe');
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 29 } });
      expect(statusOf(FIRST_EMAIL)).toBe('subscribed');
    });
  });

  test('are replaced by others if Mailchimp refuses them all, since that proves nothing', async () => {
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

  test('are replaced by others of each kind, even if the last contacts of the plan are refused as well', async () => {
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

  test('are replaced by others if all known members among them opt out before they are read back', async () => {
    const known = PEOPLE.slice(0, FIRST).map(({ email }) => email);
    for (const email of [...known, LAST]) act(email, 'subscribe');
    await run(async () => {
      stage.sandbox.control.set({ switches: { tagsOnBatch: 'newOnly' } });
      for (const email of known)
        actsBefore(email, 'unsubscribe', `GET /lists/*/members/${subscriberHash(email)}`);
      expect(await stage.export()).toMatchObject({
        failure: { code: 'PROVIDER_DIFFERS', message: expect.stringContaining('tag "VIP" missing (1 of') },
      });
      expect(posts('/batches')).toBe(0);
    });
  });

  test('do not stop it when one of them opts out in that moment', async () => {
    act(FIRST_EMAIL, 'subscribe');
    await run(async () => {
      actsBefore(FIRST_EMAIL, 'unsubscribe');
      expect(await stage.export()).toMatchObject({
        status: 'completed',
        outcomes: { created: 29, updated: 1 },
      });
      expect(statusOf(FIRST_EMAIL)).toBe('unsubscribed');
    });
  });

  test('are looked up where the reply does not name them', async () => {
    await run(async () => {
      stage.sandbox.fail({ match: 'POST /lists/*', effect: { type: 'omitRows', count: 2 } });
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 30 } });
    });
  });
});

describe('a contact that was resubscribed without a request', () => {
  test.each([
    ['had opted out', 'unsubscribe', 'subscribe'],
    ['was archived in the meantime', 'subscribe', 'archive'],
  ] as const)('stops the export before the next contact is sent: one that %s', async (_, before, during) => {
    act(FIRST_EMAIL, 'subscribe');
    act(FIRST_EMAIL, before);
    await run(async () => {
      actsBefore(FIRST_EMAIL, during);
      const report = await stage.export();
      expect(report).toMatchObject({ status: 'failed', failure: { code: 'CONSENT_TRIPWIRE' } });
      expect(posts('/batches')).toBe(0);
      expect(audience().members).toBe(FIRST + 1);
    });
  });

  test('stops it also if new contacts are subscribed that were to confirm first', async () => {
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
    // So many known members fill the canary, and the one that acts is not in it.
    for (const email of [...OTHERS.slice(0, FIRST), LAST]) act(email, 'subscribe');
    act(LAST, 'unsubscribe');
    await run(async () => {
      actsBefore(LAST, 'subscribe');
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
      // The reply to the canary is complete; the next one lacks two contacts that Mailchimp has stored.
      stage.sandbox.fail('omit 2 rows after 1 on POST /lists/*');
      expect((await stage.export({ lane: 'direct' })).outcomes).toMatchObject({ created: 30, unproven: 0 });
    });
  });
});

test('a contact that no list of the reply names, and that is not in the audience as it was sent, stays without proof', async () => {
  act(FIRST_EMAIL, 'subscribe');
  act(FIRST_EMAIL, 'unsubscribe');
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

  test('that never arrived is submitted again when it can no longer arrive', async () => {
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
      await until(async () => (await stage.progress())?.batches === 1);
      // Terminated, so that the batch is not deleted and is there when the next export starts.
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
