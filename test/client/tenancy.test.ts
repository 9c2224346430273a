import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ExportClient } from '../../src/client';
import { CONFIGURE, CONNECT, openStage, person, type Stage } from '../support/stage';

const HOUR_MS = 60 * 60_000;
const run = promisify(execFile);

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles([person(1)]);
  await stage.writeMembers([['000001', 'vip']]);
});

afterEach(() => stage.close());

test('a client of another task queue gets the owner of the destination in place of each answer, and changes nothing', async () => {
  const { destinationId } = stage;
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    const { id: exportId } = await stage.client.start(destinationId);
    await stage.follow(exportId);
    const taskQueue = `${stage.taskQueue}-other`;
    await stage.withWorker(
      async () => {
        const other = new ExportClient({ client: stage.temporal, taskQueue });
        const handle = other.handle({ destinationId, exportId });
        const calls = [
          () => other.connect(destinationId, CONNECT),
          () => other.configure(destinationId, CONFIGURE),
          () => other.start(destinationId),
          () => other.plan(destinationId),
          () => other.describe(destinationId),
          () => other.remove(destinationId, { removedBy: 'other' }),
          () => handle.progress(),
          () => handle.report(),
          () => handle.result(),
          () => handle.cancel(),
        ];
        for (const call of calls) {
          await expect(call()).rejects.toMatchObject({
            code: 'DESTINATION_OWNER_MISMATCH',
            message: expect.stringContaining(`"${stage.taskQueue}"`),
          });
        }
      },
      { taskQueue },
    );
    expect(await stage.client.describe(destinationId)).toMatchObject({ phase: 'configured', queued: [] });
  });
});

describe('a client whose clock is wrong by an hour', () => {
  test.each([
    ['ahead', HOUR_MS],
    ['behind', -HOUR_MS],
  ])('works by the time of the server: %s', async (_, offset) => {
    await stage.withWorker(async () => {
      const client = { taskQueue: stage.taskQueue, destinationId: stage.destinationId, offset };
      const input = {
        ...client,
        address: process.env['TEST_TEMPORAL_ADDRESS'],
        connect: CONNECT,
        configure: CONFIGURE,
      };
      const { stdout } = await run(process.execPath, [
        join(__dirname, 'wrong-clock.cjs'),
        JSON.stringify(input),
      ]);
      expect(await stage.follow(stdout)).toMatchObject({ status: 'completed', outcomes: { created: 1 } });
    });
  });
});
