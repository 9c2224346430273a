import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Staging } from '../../../src/ports/staging';
import { FolderStore, openStaging } from '../../../src/staging';
import { heldIn } from '../../support/export-state';
import { AUDIENCE, CONFIGURE, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../../support/stage';
import { until } from '../../support/until';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(() => stage.close());

async function inStore<Result>(work: (staging: Staging) => Promise<Result>): Promise<Result> {
  const store = new FolderStore(join(stage.folder, 'staging'));
  const staging = await openStaging({ store, memoryLimit: '128MB' });
  try {
    return await work(staging);
  } finally {
    await staging.close();
  }
}

const suppress = (...entries: readonly string[]) =>
  inStore((staging) =>
    staging.suppress({ destinationId: stage.destinationId }, { entries, by: 'Kim', reason: '' }),
  );
const failures = (exportId: string) =>
  inStore((staging) => staging.readFailures({ destinationId: stage.destinationId, exportId }, {}));

const inAudience = () => [...stage.sandbox.members(AUDIENCE)].map(({ email }) => email);
const EMAILS = CROWD.map(({ email }) => email);
/** Of the contacts that are read back, and of those after them. */
const [FIRST, LAST] = [EMAILS[0]!, EMAILS.at(-1)!];

/** An export that waits for an approval of its eight new contacts. */
async function startHeld(lane: 'batch' | 'direct') {
  await stage.connect();
  await stage.configure({ ...CONFIGURE, guards: { newContacts: 3 } });
  const { id } = await stage.client.start(stage.destinationId, { options: { lane } });
  const { planId } = await until(async () => heldIn(await stage.progress()));
  return { id, approve: async () => (await stage.running()).approve({ planId, by: 'Kim' }) };
}

/** An export that is paused after the contacts that are read back. */
async function startPaused(lane: 'batch' | 'direct'): Promise<string> {
  await stage.connect();
  await stage.configure();
  stage.sandbox.fail('delay 1 s on POST /lists/*');
  const { id } = await stage.client.start(stage.destinationId, { options: { lane } });
  await until(async () => (await stage.progress())?.phase === 'delivering');
  await (await stage.running()).pause();
  await until(async () => (await stage.progress())?.parts.done === 1);
  return id;
}

describe('an address that is put on the suppression list', () => {
  test.each(['batch', 'direct'] as const)(
    'while the export is held gets nothing from it: %s',
    async (lane) => {
      await stage.withWorker(async () => {
        const { id, approve } = await startHeld(lane);
        await suppress(FIRST, LAST);
        await approve();
        expect(await stage.follow(id)).toMatchObject({
          status: 'completed',
          outcomes: { created: 6, suppressed: 2, unproven: 0, not_sent: 0 },
        });
        expect(inAudience().toSorted()).toEqual(EMAILS.slice(1, -1));
        expect(await failures(id)).toMatchObject([
          { email: FIRST, outcome: 'suppressed', reason: 'suppression_list' },
          { email: LAST, outcome: 'suppressed', reason: 'suppression_list' },
        ]);
      });
    },
  );

  test.each(['batch', 'direct'] as const)(
    'while the export is paused gets nothing from it, and who was sent before loses its tags by the next export: %s',
    async (lane) => {
      await stage.withWorker(async () => {
        const id = await startPaused(lane);
        const [sent = ''] = inAudience();
        const [unsent = ''] = EMAILS.filter((email) => !inAudience().includes(email));
        await suppress(sent, unsent);
        await (await stage.running()).resume();
        expect(await stage.follow(id)).toMatchObject({
          status: 'completed',
          outcomes: { created: 7, suppressed: 1, unproven: 0 },
        });
        expect(inAudience()).not.toContain(unsent);
        expect(await stage.export()).toMatchObject({ outcomes: { suppressed: 2, unchanged: 6 } });
        const tagsOf = [...stage.sandbox.members(AUDIENCE)].find(({ email }) => email === sent)?.tags;
        expect(tagsOf).toEqual([]);
      });
    },
  );

  test('when its batch is at Mailchimp counts as sent, also if the reply does not name it', async () => {
    await stage.withWorker(async () => {
      const id = await startPaused('batch');
      const rest = EMAILS.filter((email) => !inAudience().includes(email));
      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      stage.sandbox.fail({ match: 'POST /lists/*', via: 'batch', effect: { type: 'omitRows', count: 1 } });
      await (await stage.running()).resume();
      await until(async () => (await stage.progress())?.batches === 1);
      await suppress(...rest);
      stage.sandbox.control.set({ batchPolls: 0 });
      expect(await stage.follow(id)).toMatchObject({ outcomes: { created: 8, suppressed: 0 } });
    });
  });
});
