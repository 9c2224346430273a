import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createListDestinations } from '../../src/activities/list-destinations';
import { ExportClient } from '../../src/client';
import { listDestinations } from '../../src/client/destination-list';
import type { RefreshTargets } from '../../src/contract/refresh';
import { createEncryptionCodec } from '../../src/encryption/encryption-codec';
import { endWorkflow } from '../support/end-workflow';
import { terminateOpen } from '../support/terminate-open';
import { until } from '../support/until';

let connection: Connection;
let temporal: Client;
let taskQueue: string;

beforeAll(async () => {
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  temporal = new Client({ connection });
  taskQueue = `test-${randomUUID()}`;
});

afterAll(async () => {
  for (const name of ['plain', 'sealed'])
    await temporal.workflow.getHandle(`mailchimp/${idOf(name)}`).terminate();
  await connection.close();
});

const idOf = (name: string) => `${name}-${taskQueue.slice(5, 13)}`;

const memoOf = (name: string) => ({
  name,
  audience: 'a',
  state: 'configured',
  account: 'main',
  accountId: 'x',
  labels: ['nightly'],
});

/** The workflow of a destination with its memo, which no worker runs. */
async function start(client: Client, id: string, queue = taskQueue): Promise<void> {
  await client.workflow.start('mailchimpDestination', {
    taskQueue: queue,
    workflowId: `mailchimp/${id}`,
    memo: memoOf(id),
  });
}

async function listed(targets: RefreshTargets) {
  const environment = new MockActivityEnvironment({ taskQueue }, { client: temporal });
  return environment.run(createListDestinations(), { targets });
}

async function listedOn(queue: string): Promise<string[]> {
  const destinations = await listDestinations({ client: temporal, taskQueue: queue });
  return destinations.map(({ destinationId }) => destinationId);
}

test('a destination whose memo cannot be decoded hides no other: lists and refreshes name it, with the reason', async () => {
  const keys = { one: randomBytes(32).toString('base64') };
  const codec = await createEncryptionCodec({ keys, use: 'one' });
  await start(temporal, idOf('plain'));
  await start(new Client({ connection, dataConverter: { payloadCodecs: [codec] } }), idOf('sealed'));
  const client = new ExportClient({ client: temporal, taskQueue });
  const found = await until(async () => {
    const destinations = await client.list();
    return destinations.length === 2 && destinations;
  });
  const unreadable = { code: 'SECRET_UNAVAILABLE', message: expect.stringContaining('cannot be decoded') };
  expect(found).toEqual([
    { destinationId: idOf('plain'), name: idOf('plain'), audienceId: 'a', phase: 'configured', open: null },
    { destinationId: idOf('sealed'), name: '', audienceId: '', phase: '', unreadable, open: null },
  ]);
  const plain = { destinationId: idOf('plain'), account: 'x' };
  const sealed = { destinationId: idOf('sealed'), account: `none/${idOf('sealed')}` };
  // It answers for itself, and the labels of a destination that cannot be decoded are not known.
  expect(await listed({ all: true })).toEqual({ targets: [plain, sealed], left: 0 });
  expect(await listed({ labels: ['nightly'] })).toEqual({
    targets: [plain],
    left: 0,
    unreadable: [{ destinationId: idOf('sealed'), result: 'failed', failure: unreadable }],
  });
  expect(await listed({ destinations: [idOf('sealed'), 'unknown'] })).toEqual({
    targets: [sealed, { destinationId: 'unknown', account: 'none/unknown' }],
    left: 0,
  });
});

test('a destination that continues as new is in every list, once', async () => {
  const names = Array.from(
    { length: 40 },
    (_, number) => `turning-${100 + number}-${taskQueue.slice(5, 13)}`,
  );
  const turning = `${taskQueue}-turning`;
  for (const name of names) await start(temporal, name, turning);
  await until(async () => (await listedOn(turning)).length === names.length);
  const next = { type: 'mailchimpDestination', memo: memoOf('turning') };
  const lists: string[][] = [];
  for (const _ of names) {
    await endWorkflow(temporal, turning, { next });
    lists.push(await listedOn(turning));
  }
  expect(lists.filter((list) => list.join() !== names.join())).toEqual([]);
  await terminateOpen(temporal, turning);
});
