import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { destinationWorkflowId } from '../../src/contract/identifiers';
import { toCarried, type DestinationState } from '../../src/workflows/destination/state';
import { DESTINATION, INPUT } from '../workflows/samples';
import { openScene, startWorker, type Scene } from './scene';

let scene: Scene;
let stopWorker: () => Promise<void>;

beforeEach(async () => {
  scene = await openScene();
  stopWorker = await startWorker(scene);
});

afterEach(async () => {
  await stopWorker();
  await scene.close();
});

const HOUR_MS = 60 * 60_000;

/** A destination that has gone on for so long, by the state that its run before has handed over. */
async function startAged(hours: number, completed: boolean): Promise<void> {
  const at = new Date(Date.now() - hours * HOUR_MS).toISOString();
  const { account, accountId, audience, source, storeId, workerTimeoutSeconds, statusIfNew } = INPUT;
  const state: DestinationState = {
    ...DESTINATION,
    unsettled: null,
    connection: {
      name: 'Newsletter',
      account,
      accountId,
      audience: { ...audience, doubleOptin: false },
      source,
      storeId,
      workerTimeoutSeconds,
      statusIfNew,
      exportUser: 'Kim',
    },
    configuration: { ...INPUT.configuration, staleAfterHours: 26 },
    configuredAt: at,
    ...(completed && { completedAt: at }),
  };
  await scene.temporal.workflow.start('mailchimpDestination', {
    workflowId: destinationWorkflowId(scene.destinationId),
    taskQueue: scene.taskQueue,
    args: [{ destinationId: scene.destinationId }, toCarried(state)],
  });
}

test('a stale destination is shown with the age of its last complete export, and listed so', async () => {
  await startAged(27.5, true);
  const shown = await scene.cli(`destination show ${scene.destinationId}`);
  expect(shown.output).toContain('Warning: stale: the last complete export ended 27 h ago (limit 26 h).');
  expect(shown.output).toMatch(/Stale after +26 h without a complete export/);
  const { document } = await scene.cliJson(`destination show ${scene.destinationId}`);
  expect(document).toMatchObject({ stale: { completedAt: expect.any(String), afterHours: 26 } });
  expect(await listed()).toContain('configured, stale: 27 h (limit 26 h)');
});

test('one that never exported is stale since it was configured; one within its limit is not', async () => {
  await startAged(30, false);
  expect((await scene.cli(`destination show ${scene.destinationId}`)).output).toContain(
    'Warning: stale: it was configured 30 h ago, and no export has completed since (limit 26 h).',
  );
  await scene.temporal.workflow.getHandle(destinationWorkflowId(scene.destinationId)).terminate();
  await startAged(25, true);
  const { output } = await scene.cli(`destination show ${scene.destinationId}`);
  expect(output).toContain('Stale after');
  expect(output).not.toContain('Warning: stale');
});

/** The line of the destination, which can take a second to appear. */
async function listed(): Promise<string> {
  for (;;) {
    const { output } = await scene.cli('destination list');
    const line = output.split('\n').find((text) => text.includes(scene.destinationId));
    if (line !== undefined) return line;
  }
}
