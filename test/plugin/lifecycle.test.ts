import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { SimplePlugin } from '@temporalio/plugin';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Activities } from '../../src/activities';
import { ExportClient } from '../../src/client';
import { ConfigSchema } from '../../src/config/config';
import { MailchimpPlugin } from '../../src/plugin/mailchimp-plugin';
import { createWorker as createStandalone } from '../../src/worker';
import { CONFIGURE, CONNECT, openStage, person, type Stage } from '../support/stage';
import { until } from '../support/until';

let stage: Stage;
let connection: NativeConnection;

const address = () => process.env['TEST_TEMPORAL_ADDRESS'] ?? '';

beforeEach(async () => {
  stage = await openStage();
  connection = await NativeConnection.connect({ address: address() });
});

afterEach(async () => {
  await connection.close();
  await stage.close();
});

/** Counts how often it runs a worker of the host. */
class CountingPlugin extends MailchimpPlugin {
  runs = 0;

  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    if (worker.options.taskQueue === stage.taskQueue) this.runs += 1;
    return super.runWorker(worker, next);
  }
}

function newPlugin(): CountingPlugin {
  return new CountingPlugin({ ...stage.config, baseFolder: stage.folder });
}

function createWorker(options: Partial<WorkerOptions>): Promise<Worker> {
  const codePath = process.env['WORKFLOW_BUNDLE'] ?? '';
  return Worker.create({ connection, taskQueue: stage.taskQueue, workflowBundle: { codePath }, ...options });
}

async function writeTwoPeople(): Promise<void> {
  await stage.writeProfiles([person(1), person(2)]);
  await stage.writeMembers([
    ['000001', 'vip'],
    ['000002', 'north'],
  ]);
}

/** Connecting is a step of the host's queue, configuring one of the store's. */
async function connectTwoPeople(): Promise<void> {
  await writeTwoPeople();
  await stage.connect();
  await stage.configure();
}

async function exportTwoPeople(): Promise<void> {
  await connectTwoPeople();
  expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 2 } });
}

async function sayNothing(): Promise<void> {}

/** Stands for a tracer: notes the queue and the name of each step. */
function tracingPlugin(seen: string[]): SimplePlugin {
  return new SimplePlugin({
    name: 'tracing',
    workerInterceptors: {
      activity: [
        ({ info }) => ({
          inbound: {
            execute: (input, next) => {
              seen.push(`${info.taskQueue} ${info.activityType}`);
              return next(input);
            },
          },
        }),
      ],
    },
  });
}

/** Stands for encryption: without it no payload can be read. */
const REVERSING: PayloadCodec = { encode: reverse, decode: reverse };

async function reverse(payloads: Payload[]): Promise<Payload[]> {
  return payloads.map((payload) => ({
    ...payload,
    ...(payload.data && { data: payload.data.toReversed() }),
  }));
}

/** A step of the plugin, called as the worker would. */
function tidy(plugin: MailchimpPlugin): Promise<unknown> {
  const { activities } = plugin.configureWorker({ taskQueue: 'any' });
  return (activities as Activities)['mailchimp.tidyStaging']({ destinationId: 'none', baseline: null });
}

const CLOSED = { type: 'STAGING_NOT_REACHABLE', nonRetryable: true };

const WRONG_KEY = '0123456789abcdef0123456789abcdef-us1';

describe('the options', () => {
  test('are checked by the constructor, which names each wrong field and quotes none', () => {
    const wrong = { accounts: { main: { apiKey: WRONG_KEY, connections: 11 } }, sources: {} };
    let refused: unknown;
    try {
      refused = new MailchimpPlugin(wrong);
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/accounts\.main\.apiKey[^]*accounts\.main\.connections/),
    });
    expect(String(refused)).not.toContain(WRONG_KEY.slice(0, 8));
  });
});

describe('a worker', () => {
  test('refuses an activity of the host that has the name of one of ours', async () => {
    const theirs = { greet: sayNothing, 'mailchimp.preflight': sayNothing };
    await expect(createWorker({ plugins: [newPlugin()], activities: theirs })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('"mailchimp.preflight"'),
    });
  });

  test('refuses two plugins with two configurations', async () => {
    await expect(createWorker({ plugins: [newPlugin(), newPlugin()] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  test('opens nothing before it runs, and leaves nothing open when it ends, however soon', async () => {
    const plugin = newPlugin();
    const worker = await createWorker({ plugins: [plugin] });
    await expect(tidy(plugin)).rejects.toMatchObject(CLOSED);
    await worker.runUntil(() => tidy(plugin));
    await expect(tidy(plugin)).rejects.toMatchObject(CLOSED);

    const short = await createWorker({ plugins: [plugin] });
    await short.runUntil(sayNothing);
    await expect(tidy(plugin)).rejects.toMatchObject(CLOSED);
    // Refused while any worker, also the store's, holds it.
    await connection.close();
    connection = await NativeConnection.connect({ address: address() });
  });

  test('ends and says why when the store cannot be opened; after a repair the same plugin runs', async () => {
    const folder = join(stage.folder, 'staging');
    await writeFile(folder, 'in the way');
    const plugin = newPlugin();
    const failing = await createWorker({ plugins: [plugin] });
    await expect(failing.run()).rejects.toMatchObject({ name: 'ExportError', code: 'STAGING_FAILED' });
    await rm(folder);
    const worker = await createWorker({ plugins: [plugin] });
    await worker.runUntil(() => tidy(plugin));
  });

  test('that stands alone says so as well', async () => {
    await writeFile(join(stage.folder, 'staging'), 'in the way');
    const temporal = { address: address(), taskQueue: stage.taskQueue };
    const standalone = await createStandalone(
      ConfigSchema.parse({ ...stage.config, temporal }),
      stage.folder,
    );
    await expect(standalone.run()).rejects.toMatchObject({ code: 'STAGING_FAILED' });
  });

  test('that is shut down in the middle of a step does not wait for its end, and the next one goes on', async () => {
    const worker = await createWorker({ plugins: [newPlugin()], shutdownGraceTime: '10 seconds' });
    const { id, shutDownAt } = await worker.runUntil(async () => {
      await connectTwoPeople();
      stage.sandbox.fail('delay 60 s on GET /lists/*/members');
      const started = await stage.client.start(stage.destinationId);
      await until(async () => (stage.sandbox.control.state() as { faults: unknown[] }).faults.length === 0);
      return { id: started.id, shutDownAt: Date.now() };
    });
    expect(Date.now() - shutDownAt).toBeLessThan(45_000);
    const report = await stage.withWorker(() => stage.follow(id));
    expect(report).toMatchObject({ status: 'completed', outcomes: { created: 2 } });
  });
});

describe('the plugin', () => {
  test('on both the connection and the worker runs once', async () => {
    const plugin = newPlugin();
    const both = await NativeConnection.connect({ address: address(), plugins: [plugin] });
    const worker = await createWorker({ connection: both, plugins: [plugin] });
    await worker.runUntil(connectTwoPeople);
    expect(plugin.runs).toBe(1);
    await both.close();
  });

  test('on the connection alone is enough', async () => {
    const plugin = newPlugin();
    const only = await NativeConnection.connect({ address: address(), plugins: [plugin] });
    const worker = await createWorker({ connection: only });
    await worker.runUntil(connectTwoPeople);
    expect(plugin.runs).toBe(1);
    await only.close();
  });

  test('shared by two workers serves both, until the last of them has ended', async () => {
    const plugin = newPlugin();
    const other = await createWorker({ taskQueue: `${stage.taskQueue}-other`, plugins: [plugin] });
    const worker = await createWorker({ plugins: [plugin] });
    const otherRun = other.run();
    await worker.runUntil(async () => {
      await exportTwoPeople();
      other.shutdown();
      await otherRun;
      expect((await stage.export()).outcomes).toMatchObject({ unchanged: 2 });
    });
    await expect(tidy(plugin)).rejects.toMatchObject(CLOSED);
  });

  test('twice in one process, on one staging folder and one connection, exports as one', async () => {
    const other = await createWorker({ taskQueue: `${stage.taskQueue}-other`, plugins: [newPlugin()] });
    const worker = await createWorker({ plugins: [newPlugin()] });
    const otherRun = other.run();
    await worker.runUntil(async () => {
      await exportTwoPeople();
      other.shutdown();
      await otherRun;
      expect((await stage.export()).outcomes).toMatchObject({ unchanged: 2 });
    });
  });

  test('on two connections, as in two processes, shares the work of one store', async () => {
    const second = await NativeConnection.connect({ address: address() });
    const workers = [
      await createWorker({ plugins: [newPlugin()] }),
      await createWorker({ plugins: [newPlugin()], connection: second }),
    ] as const;
    const firstRun = workers[0].run();
    await workers[1].runUntil(exportTwoPeople);
    workers[0].shutdown();
    await firstRun;
    await second.close();
  });

  test.each(['worker', 'connection'])(
    'runs each step once through the activity interceptors of the host, also when a plugin of the %s adds them',
    async (place) => {
      const seen: string[] = [];
      const tracing = tracingPlugin(seen);
      const traced = await NativeConnection.connect({
        address: address(),
        plugins: place === 'connection' ? [tracing] : [],
      });
      const plugins = place === 'worker' ? [newPlugin(), tracing] : [newPlugin()];
      const worker = await createWorker({ plugins, connection: traced });
      await worker.runUntil(connectTwoPeople);
      await traced.close();
      const oftenAs = (name: string) => seen.filter((one) => one.endsWith(` mailchimp.${name}`));
      expect(oftenAs('checkConnection')).toEqual([`${stage.taskQueue} mailchimp.checkConnection`]);
      expect(oftenAs('checkConfiguration')).toEqual([
        expect.stringMatching(/^mailchimp-store-\S+ mailchimp\.checkConfiguration$/),
      ]);
    },
  );

  test('reads and writes payloads as the host does', async () => {
    const dataConverter = { payloadCodecs: [REVERSING] };
    const worker = await createWorker({ plugins: [newPlugin()], dataConverter });
    const temporal = new Client({ connection: stage.temporal.connection, dataConverter });
    const client = new ExportClient({ client: temporal, taskQueue: stage.taskQueue });
    await writeTwoPeople();
    await worker.runUntil(async () => {
      await client.connect(stage.destinationId, CONNECT);
      await client.configure(stage.destinationId, CONFIGURE);
      expect(await client.describe(stage.destinationId)).toMatchObject({ phase: 'configured' });
    });
  });
});
