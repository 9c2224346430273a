import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { Resource } from '@opentelemetry/resources';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';
import { SimplePlugin } from '@temporalio/plugin';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { ExportClient } from '../../src/client';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { MailchimpPlugin } from '../../src/plugin/mailchimp-plugin';
import { CONFIGURE, CONNECT, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';
import { activities } from './activities';
import { createHost, historiesOf, payloadsOf, REVERSING, startedSteps } from './host';

let stage: Stage;
let connection: NativeConnection;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await connection.close();
  await stage.close();
});

const CONVERTERS = {
  payloadCodecs: [REVERSING],
  failureConverterPath: join(__dirname, 'failure-converter.ts'),
};

const workflowsPath = join(__dirname, 'workflows.ts');

test('a host with interceptors, sinks, codec, failure converter, tuner and other plugins: all of them see each step once', async () => {
  const { executed, scheduled, activity, sinks } = createHost();
  const plugin = new MailchimpPlugin({ ...stage.config, baseFolder: stage.folder });
  const converting = new SimplePlugin({
    name: 'converting',
    dataConverter: (given) => ({
      ...given,
      ...CONVERTERS,
      payloadCodecs: [...(given?.payloadCodecs ?? []), REVERSING],
    }),
  });
  const spans = new InMemorySpanExporter();
  const spanProcessor = new SimpleSpanProcessor(spans);
  const tracing = new OpenTelemetryPlugin({ resource: new Resource({}), spanProcessor });
  const counting = { ended: 0 };
  const observing = new SimplePlugin({
    name: 'observing',
    workerInterceptors: { activity: [activity] },
    runContext: async (next) => {
      await next();
      counting.ended += 1;
    },
  });
  connection = await NativeConnection.connect({
    address: process.env['TEST_TEMPORAL_ADDRESS']!,
    plugins: [plugin],
  });
  const { taskQueue, destinationId } = stage;
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [workflowsPath],
    failureConverterPath: CONVERTERS.failureConverterPath,
    plugins: [plugin, tracing],
    logger: new DefaultLogger('WARN'),
  });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle,
    activities,
    sinks,
    tuner: { tunerOptions: { targetMemoryUsage: 0.95, targetCpuUsage: 1 } },
    plugins: [plugin, observing, tracing, converting, plugin],
  });
  const temporal = new Client({ connection: stage.temporal.connection, dataConverter: CONVERTERS });
  const client = new ExportClient({ client: temporal, taskQueue });
  const hostId = `host-${randomUUID()}`;
  await worker.runUntil(async () => {
    await client.connect(destinationId, CONNECT);
    await client.configure(destinationId, CONFIGURE);
    const greeted = await temporal.workflow.execute('greetAndExport', {
      taskQueue,
      workflowId: hostId,
      args: ['Mailchimp', destinationId],
    });
    expect(greeted).toBe('Hello, Mailchimp! 8');
    expect(stage.sandbox.state(CONNECT.audienceId).tags).toEqual({ VIP: 2, North: 6 });
    await stage.writeProfiles([]);
    const failed = await client.start(destinationId);
    await expect(failed.result()).rejects.toMatchObject({ code: expect.stringMatching(/^SOURCE_/) });
  });

  const ids = [hostId, destinationWorkflowId(destinationId), exportWorkflowId(destinationId)];
  // A list shows a run a moment after it has begun: until both exports are in it.
  const histories = await until(async () => {
    const found = (await Promise.all(ids.map((id) => historiesOf(temporal, id)))).flat();
    const text = JSON.stringify(found.map(startedSteps));
    const hasFailed = found.some(({ history }) =>
      history.events!.some((event) => event.activityTaskFailedEventAttributes),
    );
    return hasFailed && text.includes('mailchimp.sendCanary') && found;
  });
  const events = histories.flatMap(({ history }) => history.events ?? []);
  const steps = histories.flatMap(startedSteps);
  expect(steps.length).toBeGreaterThan(10);
  for (const step of steps) expect(executed.filter((one) => one === step)).toHaveLength(1);
  // Also those of the host's child, which has a workflow id of its own.
  for (const name of steps.map((step) => step.split(' ')[3])) expect(scheduled).toContain(name);
  const payloads = events.flatMap((event) => payloadsOf(event));
  expect(payloads.length).toBeGreaterThan(50);
  expect(payloads.filter(({ isEncoded }) => !isEncoded)).toEqual([]);
  const messages = events.flatMap((event) => event.activityTaskFailedEventAttributes?.failure?.message ?? []);
  expect(new Set(messages)).toEqual(new Set(['Encoded failure']));
  expect(counting.ended).toBe(1);
  expect(spans.getFinishedSpans().map(({ name }) => name)).toContain('RunWorkflow:mailchimpExport');

  // As a host tests a change of its workflows.
  for (const { history } of histories) {
    const replayed = Worker.runReplayHistory(
      { workflowBundle, sinks, dataConverter: CONVERTERS, plugins: [plugin, tracing] },
      history,
    );
    await expect(replayed).resolves.toBeUndefined();
  }
});
