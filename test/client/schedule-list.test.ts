import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { ExportClient, type ScheduleSettings } from '../../src/client';
import { createEncryptionCodec } from '../../src/encryption/encryption-codec';
import { until } from '../support/until';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

const NIGHTLY = { targets: { destinations: ['newsletter'] }, daily: ['02:30'] } satisfies ScheduleSettings;

let connection: Connection;
let temporal: Client;
let taskQueue: string;
let client: ExportClient;
let name: string;

beforeAll(async () => {
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  temporal = new Client({ connection });
  taskQueue = `test-${randomUUID()}`;
  client = new ExportClient({ client: temporal, taskQueue });
  name = `s-${randomUUID().slice(0, 8)}`;
});

afterAll(async () => {
  for (const suffix of ['a', 'b', 'c', 'd'])
    await temporal.schedule.getHandle(`mailchimp-refresh/${name}-${suffix}`).delete();
  await connection.close();
});

test('schedules that a client cannot decode hide no other, and are listed as unreadable', async () => {
  const keys = { one: randomBytes(32).toString('base64') };
  const codec = await createEncryptionCodec({ keys, use: 'one' });
  const encrypting = new Client({ connection, dataConverter: { payloadCodecs: [codec] } });
  const create = (queue: string, schedule: string) =>
    new ExportClient({ client: encrypting, taskQueue: queue }).schedule.create(schedule, NIGHTLY);
  await create(taskQueue, `${name}-a`);
  await client.schedule.create(`${name}-b`, NIGHTLY);
  await create(`other-${taskQueue}`, `${name}-c`);
  const listed = await until(async () => {
    const found = await client.schedule.list();
    return found.length === 2 && found;
  });
  expect(listed).toMatchObject([
    {
      name: `${name}-a`,
      settings: null,
      isPaused: false,
      lastStartedAt: null,
      unreadable: { code: 'SECRET_UNAVAILABLE', message: expect.stringContaining('temporal.encryption') },
    },
    { name: `${name}-b`, settings: NIGHTLY },
  ]);
  const [unreadable, readable] = listed;
  expect(unreadable!.next).toEqual(readable!.next);
});

test('a schedule has its next times also where the server has lost the first question for them', async () => {
  let lost = 0;
  const loseFirst: Interceptor = (options, next) => {
    const isLost = options.method_definition.path.endsWith('/ListScheduleMatchingTimes') && lost === 0;
    if (isLost) lost += 1;
    return next(isLost ? { ...options, deadline: Date.now() - 1 } : options) as ReturnType<Interceptor>;
  };
  const address = process.env['TEST_TEMPORAL_ADDRESS']!;
  const losing = await Connection.connect({ address, interceptors: [loseFirst] });
  const loser = new ExportClient({ client: new Client({ connection: losing }), taskQueue });
  const { next } = await loser.schedule.create(`${name}-d`, NIGHTLY);
  await losing.close();
  expect(lost).toBe(1);
  expect(next).toHaveLength(10);
});
