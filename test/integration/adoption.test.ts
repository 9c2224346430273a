import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { destinationWorkflowId } from '../../src/contract/identifiers';
import {
  AUDIENCE,
  AUDIENCE_SEED,
  CONNECT,
  CROWD,
  CROWD_MEMBERS,
  openStage,
  type Stage,
} from '../support/stage';

const OTHER_AUDIENCE = 'beefbeef01';

describe('a store that remembers a destination which Temporal has lost', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage({
      sandbox: { audiences: [AUDIENCE_SEED, { id: OTHER_AUDIENCE, name: 'Other' }] },
    });
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
  });

  afterEach(async () => {
    await stage.close();
  });

  /** As after a lost namespace, or a wrong workflow that was terminated. */
  const loseDestination = () =>
    stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId)).terminate();

  test('is adopted only when asked for, and then the next export sends what has changed and no more', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      await stage.export();
      await loseDestination();
      await expect(stage.client.describe(stage.destinationId)).rejects.toMatchObject({
        code: 'DESTINATION_TERMINATED',
        message: expect.stringContaining('--adopt'),
      });

      await expect(stage.connect()).rejects.toMatchObject({
        code: 'BASELINE_EXISTS',
        message: expect.stringContaining('adopt'),
      });
      await expect(stage.client.describe(stage.destinationId)).rejects.toMatchObject({
        code: 'DESTINATION_NOT_FOUND',
      });

      const { consent: _, exportUser, ...settings } = CONNECT;
      await expect(
        stage.client.connect(stage.destinationId, { ...settings, statusIfNew: 'pending', adopt: true }),
      ).rejects.toMatchObject({ code: 'CONSENT_REQUIRED' });
      // The consent is recorded in the store, and covers the settings.
      const adopted = await stage.client.connect(stage.destinationId, { ...settings, adopt: true });
      expect(adopted).toMatchObject({
        exportUser,
        consent: { agreedBy: exportUser },
        baseline: { size: CROWD.length },
      });
      // The tags are there already, and are known as ours.
      await stage.configure();
      const same = await stage.export();
      expect(same.outcomes).toMatchObject({ unchanged: CROWD.length, created: 0, updated: 0 });

      await stage.writeMembers(CROWD_MEMBERS.slice(1));
      const changed = await stage.export();
      expect(changed.outcomes).toMatchObject({ unchanged: CROWD.length - 1, removed: 1 });
      expect(stage.sandbox.state(AUDIENCE).tags).toEqual({ VIP: 1, North: 6 });
    });
  });

  test('is not adopted for another audience: the members of one say nothing about the other', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      await stage.export();
      await loseDestination();

      const other = { ...CONNECT, audienceId: OTHER_AUDIENCE, adopt: true };
      await expect(stage.client.connect(stage.destinationId, other)).rejects.toMatchObject({
        code: 'AUDIENCE_MISMATCH',
        message: expect.stringContaining(AUDIENCE),
      });

      // Nothing was changed: the right one can still be adopted.
      await stage.client.connect(stage.destinationId, { ...CONNECT, adopt: true });
      const view = await stage.client.describe(stage.destinationId);
      expect(view).toMatchObject({ audience: { id: AUDIENCE }, baseline: { size: CROWD.length } });
    });
  });
});
