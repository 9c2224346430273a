import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CONNECT, openStage, type Stage } from '../../support/stage';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles([]);
  await stage.writeMembers([]);
});

afterEach(async () => {
  await stage.close();
});

test('a second destination of a store does not get an audience that another one has, until that one is removed', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    const second = `${stage.destinationId}-too`;
    await expect(stage.client.connect(second, CONNECT)).rejects.toMatchObject({ code: 'AUDIENCE_IN_USE' });
    await expect(stage.client.describe(second)).rejects.toMatchObject({ code: 'DESTINATION_NOT_FOUND' });
    await stage.client.remove(stage.destinationId, { removedBy: 'tester' });
    expect(await stage.client.connect(second, CONNECT)).toMatchObject({ phase: 'connected' });
  });
});

test('a destination cannot be connected without a status for new contacts', async () => {
  await stage.withWorker(async () => {
    const { statusIfNew: _, ...without } = CONNECT;
    const asked = stage.client.connect(stage.destinationId, without as typeof CONNECT);
    await expect(asked).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('statusIfNew'),
    });
  });
});
