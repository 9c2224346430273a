import { afterEach, describe, expect, test } from '@jest/globals';
import { AUDIENCE, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';

const [OPTED_OUT, ARCHIVED, OPTED_OUT_AND_ARCHIVED, BOUNCED, LEFT_AND_ARCHIVED] = CROWD.map(
  ({ email }) => email,
);

/** Both ends of the open questions about Mailchimp, in both lanes. */
const WORLDS = [false, true].flatMap((archivedStaysArchived) =>
  (['batch', 'direct'] as const).map((lane) => ({ archivedStaysArchived, lane })),
);

describe('contacts that act between two exports', () => {
  let stage: Stage;

  afterEach(async () => {
    await stage.close();
  });

  const act = (email: string | undefined, ...actions: ('unsubscribe' | 'archive' | 'clean')[]) => {
    for (const action of actions) stage.sandbox.control.act({ audience: AUDIENCE, email: email!, action });
  };
  const statuses = () =>
    Object.fromEntries(
      [...stage.sandbox.control.members(AUDIENCE)].map(({ email, status }) => [email, status] as const),
    );

  test.each(WORLDS)('keep the status that they chose or were given: %j', async ({ lane, ...switches }) => {
    stage = await openStage();
    stage.sandbox.control.set({ switches });
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      await stage.export({ lane });

      act(OPTED_OUT, 'unsubscribe');
      act(ARCHIVED, 'archive');
      act(OPTED_OUT_AND_ARCHIVED, 'unsubscribe', 'archive');
      act(BOUNCED, 'clean');
      act(LEFT_AND_ARCHIVED, 'unsubscribe', 'archive');
      const before = statuses();
      // Every profile has a new name, so every one would be sent.
      await stage.writeProfiles(CROWD.map((row) => ({ ...row, last: 'Newname' })));
      await stage.writeMembers(CROWD_MEMBERS.filter((_, index) => CROWD[index]?.email !== LEFT_AND_ARCHIVED));
      const report = await stage.export({ lane, allowMassRemoval: true });

      expect(statuses()).toEqual(before);
      expect(report).toMatchObject({ status: 'completed', selected: 7, departed: 1 });
      // One who opted out and one who bounced among them.
      expect(report.outcomes).toMatchObject({ created: 0, updated: 5 });
      expect(report.outcomes.suppressed).toBeGreaterThanOrEqual(2);
      expect(report.memberStatuses).toMatchObject({
        subscribed: 3,
        unsubscribed: 1,
        cleaned: 1,
        archived: 0,
      });
    });
  });
});
