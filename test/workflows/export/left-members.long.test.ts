import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { subscriberHash } from '../../../src/mailchimp/subscriber-hash';
import { FolderStore, openStaging } from '../../../src/staging';
import { join } from 'node:path';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';

const PEOPLE = Array.from({ length: 30 }, (_, index) => person(index + 1));
const EMAILS = PEOPLE.map(({ email }) => email);
/** Members of the audience that fill the canary, so that those who leave are in the part after it. */
const KNOWN = EMAILS.slice(0, 5);
const LEAVES = EMAILS[20]!;

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
  for (const email of [...KNOWN, LEAVES])
    stage.sandbox.control.act({ audience: AUDIENCE, email, action: 'subscribe' });
});

afterEach(() => stage.close());

const memberOf = (email: string) =>
  [...stage.sandbox.members(AUDIENCE)].find((member) => member.email === email);
const statusOf = (email: string) => memberOf(email)?.status;

/** A contact acts while the canary is read back: after the census, and before the next part is sent. */
const actsAfterCanary = (email: string, action: 'unsubscribe' | 'archive') =>
  stage.sandbox.fail({
    match: `GET /lists/*/members/${subscriberHash(KNOWN[0]!)}`,
    effect: { type: 'act', act: { audience: AUDIENCE, email, action } },
  });

async function failures(exportId: string) {
  const store = new FolderStore(join(stage.folder, 'staging'));
  const staging = await openStaging({ store, memoryLimit: '128MB' });
  try {
    return await staging.readFailures({ destinationId: stage.destinationId, exportId }, {});
  } finally {
    await staging.close();
  }
}

async function run<Result>(work: () => Promise<Result>): Promise<Result> {
  return stage.withWorker(async () => {
    await stage.connect();
    await stage.configure({ segments: { vip: 'VIP' } });
    return work();
  });
}

describe('a member that leaves after the census and before its part', () => {
  test.each([
    { action: 'archive', reason: 'archived', lane: 'batch' },
    { action: 'archive', reason: 'archived', lane: 'direct' },
    { action: 'unsubscribe', reason: 'opted_out', lane: 'batch' },
  ] as const)('is withheld: $reason, $lane', async ({ action, reason, lane }) => {
    await run(async () => {
      actsAfterCanary(LEAVES, action);
      const report = await stage.export({ lane });
      expect(report).toMatchObject({
        status: 'completed',
        outcomes: { created: 24, updated: 5, suppressed: 1, unproven: 0 },
      });
      expect(statusOf(LEAVES)).toBe(action === 'archive' ? 'archived' : 'unsubscribed');
      expect(await failures(report.exportId)).toMatchObject([{ email: LEAVES, reason }]);
      expect((await stage.export({ lane })).outcomes).toMatchObject(
        action === 'archive' ? { suppressed: 1, unchanged: 29 } : { updated: 1, unchanged: 29 },
      );
      expect(statusOf(LEAVES)).toBe(action === 'archive' ? 'archived' : 'unsubscribed');
    });
  });

  test('gets nothing at a new address of its profile either', async () => {
    await run(async () => {
      actsAfterCanary(LEAVES, 'unsubscribe');
      expect((await stage.export({ lane: 'batch' })).outcomes).toMatchObject({ suppressed: 1 });
      const moved = PEOPLE.map((one) => (one.email === LEAVES ? { ...one, email: `new-${LEAVES}` } : one));
      await stage.writeProfiles(moved);
      const report = await stage.export({ lane: 'batch' });
      expect(await failures(report.exportId)).toMatchObject([
        { email: `new-${LEAVES}`, reason: 'opted_out_elsewhere' },
      ]);
      expect(statusOf(`new-${LEAVES}`)).toBeUndefined();
    });
  });

  test('counts as updated, and loses its tag later, if its part has arrived without an answer', async () => {
    await run(async () => {
      stage.sandbox.fail({
        match: 'POST /lists/*',
        via: 'batch',
        effect: { type: 'applyThenStatus', status: 502 },
      });
      stage.sandbox.fail({
        match: 'GET /lists/*/members',
        after: 6,
        effect: { type: 'act', act: { audience: AUDIENCE, email: LEAVES, action: 'unsubscribe' } },
      });
      const report = await stage.export({ lane: 'batch' });
      expect(memberOf(LEAVES)).toMatchObject({ status: 'unsubscribed', tags: ['VIP'] });
      expect(report).toMatchObject({ outcomes: { updated: 6, suppressed: 0, unproven: 0 } });
      const others = PEOPLE.filter(({ email }) => email !== LEAVES);
      await stage.writeMembers(others.map(({ id }) => [id, 'vip'] as const));
      expect(await stage.export()).toMatchObject({ outcomes: { removed: 1 } });
      expect(memberOf(LEAVES)).toMatchObject({ status: 'unsubscribed', tags: [] });
    });
  });

  test('is not taken for one that was resubscribed if it leaves after it was sent', async () => {
    await run(async () => {
      stage.sandbox.fail({
        match: 'GET /lists/*/members',
        after: 6,
        effect: { type: 'act', act: { audience: AUDIENCE, email: LEAVES, action: 'archive' } },
      });
      expect(await stage.export({ lane: 'batch' })).toMatchObject({ status: 'completed' });
      expect(statusOf(LEAVES)).toBe('archived');
    });
  });
});

/** Before each request that sends contacts, after the last look at who has left. */
function isArchivedBefore(email: string, via: 'http' | 'batch', after: number): void {
  stage.sandbox.fail({
    match: 'POST /lists/*',
    via,
    after,
    effect: { type: 'act', act: { audience: AUDIENCE, email, action: 'archive' } },
  });
}

describe('an export that has woken members from the archive', () => {
  test.each(['batch', 'direct'] as const)(
    'stops, counts them, and lists them with the failures: %s',
    async (lane) => {
      await run(async () => {
        isArchivedBefore(LEAVES, lane === 'batch' ? 'batch' : 'http', lane === 'batch' ? 0 : 1);
        const report = await stage.export({ lane });
        expect(report).toMatchObject({
          status: 'failed',
          failure: {
            code: 'CONSENT_TRIPWIRE',
            message: expect.stringMatching(/show 1 contacts .* export rearchive /),
          },
        });
        expect(await failures(report.exportId)).toContainEqual(
          expect.objectContaining({ email: LEAVES, reason: 'resubscribed', text: 'was archived' }),
        );
      });
    },
  );
});
