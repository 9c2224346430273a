import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startJobUpdate } from '../../../src/workflows/messages';
import { destinationWorkflowId } from '../../../src/contract/identifiers';
import {
  AUDIENCE,
  CONFIGURE,
  CROWD,
  CROWD_MEMBERS,
  openStage,
  reportOf,
  type Stage,
} from '../../support/stage';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await stage.close();
});

test('a plan with a proposal has the numbers of an export with those settings, which are not stored', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    const { configuration } = await stage.client.describe(stage.destinationId);
    const proposal = { configure: { ...CONFIGURE, segments: { vip: 'Very important' } } };
    const handle = await stage.client.plan(stage.destinationId, { proposal });
    expect(await reportOf(handle)).toMatchObject({
      status: 'planned',
      selected: 2,
      segments: [{ segment: 'vip', name: 'Very important' }],
    });
    expect((await stage.client.describe(stage.destinationId)).configuration).toEqual(configuration);
    const stored = await stage.plan();
    expect(stored).toMatchObject({ number: 2, selected: 8 });
    expect(stage.sandbox.state(AUDIENCE).members).toBe(0);
    expect(await stage.export()).toMatchObject({ selected: 8, outcomes: { created: 8 } });
    // Six leave the audience of the destination, and lose its tag.
    const leaving = await reportOf(await stage.client.plan(stage.destinationId, { proposal }));
    expect(leaving).toMatchObject({
      status: 'planned',
      departed: 6,
      segments: [
        { segment: 'vip', untagged: 0 },
        { segment: 'north', untagged: 6 },
      ],
    });
  });
});

test('a proposal is checked like a configuration, and an export takes none', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    const proposal = { configure: { ...CONFIGURE, email: 'nowhere' } };
    await expect(stage.client.plan(stage.destinationId, { proposal })).rejects.toMatchObject({
      code: 'ATTRIBUTE_NOT_FOUND',
    });
    const destination = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
    const envelope = { requestId: 'with-a-proposal', notAfter: Date.now() + 60_000 };
    await expect(
      destination.executeUpdate(startJobUpdate, {
        args: [{ kind: 'export', proposal: { configure: CONFIGURE } }, envelope],
      }),
    ).rejects.toMatchObject({ cause: { type: 'INPUT_INVALID' } });
    expect(await stage.client.describe(stage.destinationId)).toMatchObject({ exports: [], queued: [] });
  });
});
