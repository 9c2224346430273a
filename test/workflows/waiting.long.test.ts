import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { pauseUpdate, progressQuery, resumeUpdate } from '../../src/workflows/messages';
import { AUDIENCE, CROWD, CROWD_MEMBERS } from '../support/stage';
import { openSkipping, type Skipping } from './skipping';

const DAYS = 30;
const EVENTS_A_DAY = 500;

// Each wait is thousands of steps, and each test starts a server of its own, in Java.
jest.setTimeout(600_000);

let skipping: Skipping;

beforeEach(async () => {
  skipping = await openSkipping();
  await skipping.stage.writeProfiles(CROWD);
  await skipping.stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await skipping.close();
});

const destination = () =>
  skipping.environment.client.workflow.getHandle(destinationWorkflowId(skipping.stage.destinationId));

async function eventsOf(workflow: 'destination' | 'export'): Promise<number> {
  const handle = workflow === 'destination' ? destination() : skipping.exportHandle();
  return (await handle.fetchHistory()).events?.length ?? 0;
}

/** Lets days pass, and counts what they add to a history. */
async function eventsADay(workflow: 'destination' | 'export'): Promise<number> {
  const before = await eventsOf(workflow);
  await skipping.environment.sleep(`${DAYS} days`);
  return ((await eventsOf(workflow)) - before) / DAYS;
}

const state = async () => (await skipping.exportHandle().query(progressQuery)).state;
const batches = async () => (await skipping.exportHandle().query(progressQuery)).batches;
const members = () => skipping.stage.sandbox.state(AUDIENCE).members;

async function begin(): Promise<void> {
  await skipping.connect();
  await skipping.configure();
  await skipping.start({ lane: 'batch' });
}

async function send(update: typeof pauseUpdate): Promise<void> {
  const { ref } = await skipping.exportHandle().query(progressQuery);
  const envelope = { ...(await skipping.envelope()), exportId: ref.exportId };
  await skipping.exportHandle().executeUpdate(update, { args: [envelope] });
}

test('an export that waits for Mailchimp for a month makes few events, and goes on by itself', async () => {
  const { sandbox } = skipping.stage;
  sandbox.fail('reset always on GET /batches/*');
  await skipping.stage.withWorker(async () => {
    await begin();
    await skipping.passTimeUntil(async () => (await state()).kind === 'waiting');
    expect(await eventsADay('export')).toBeLessThan(EVENTS_A_DAY);
    expect(await state()).toMatchObject({ kind: 'waiting', retryAt: expect.any(String) });
    sandbox.clearFaults();
    expect(await skipping.exportHandle().result()).toMatchObject({ outcomes: { created: 8 } });
    expect(members()).toBe(8);
  });
});

test('an export that is stopped for a month makes no events', async () => {
  const { sandbox } = skipping.stage;
  sandbox.fail('401 always on GET /batches/*');
  await skipping.stage.withWorker(async () => {
    await begin();
    await skipping.passTimeUntil(async () => (await state()).kind === 'stopped');
    expect(await eventsADay('export')).toBeLessThan(1);
    sandbox.clearFaults();
    await send(resumeUpdate);
    expect(await skipping.exportHandle().result()).toMatchObject({ outcomes: { created: 8 } });
  });
});

test('an export that is paused for a month makes few events, also with a batch that never ends', async () => {
  skipping.stage.sandbox.fail('stuck batch');
  await skipping.stage.withWorker(async () => {
    await begin();
    await skipping.passTimeUntil(async () => (await batches()) === 1);
    await send(pauseUpdate);
    expect(await eventsADay('export')).toBeLessThan(EVENTS_A_DAY);
    expect(await state()).toMatchObject({ kind: 'paused' });
    await send(resumeUpdate);
    expect(await skipping.exportHandle().result()).toMatchObject({ outcomes: { created: 8 } });
  });
});

test('a destination whose earlier export stays open for a month makes few events, and then exports', async () => {
  const { environment, stage } = skipping;
  const open = await environment.client.workflow.start('never-run', {
    workflowId: exportWorkflowId(stage.destinationId),
    taskQueue: `${stage.taskQueue}-unused`,
  });
  await stage.withWorker(async () => {
    await begin();
    expect(await eventsADay('destination')).toBeLessThan(EVENTS_A_DAY);
    await open.terminate();
    await skipping.passTimeUntil(async () => (await skipping.show()).exports.length === 1);
    expect((await skipping.show()).exports).toMatchObject([{ status: 'completed' }]);
  });
});

test('a destination that cannot settle a lost export for a month makes few events, and settles it when the store is back', async () => {
  const { sandbox, folder } = skipping.stage;
  sandbox.fail('stuck batch');
  await skipping.stage.withWorker(async () => {
    await begin();
    await skipping.passTimeUntil(async () => (await batches()) === 1);
    const [staging, away] = ['staging', 'away'].map((name) => join(folder, name)) as [string, string];
    await rename(staging, away);
    await skipping.cancel();
    expect(await eventsADay('destination')).toBeLessThan(EVENTS_A_DAY);
    await rename(away, staging);
    await skipping.passTimeUntil(async () => (await skipping.show()).exports.length === 1);
    expect((await skipping.show()).exports).toMatchObject([
      { status: 'cancelled', outcomes: { created: 5, unproven: 3 } },
    ]);
  });
});
