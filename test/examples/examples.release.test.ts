import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { makeHostProject, type HostProject } from '../plugin/host-project';
import { ExportClient } from '../../src/client';
import { compileExample, EXAMPLE_AUDIENCE, startExample, type RunningExample } from '../support/examples';
import { CONNECT } from '../support/stage';
import { until } from '../support/until';

const EXAMPLES = resolve(__dirname, '../../examples');

let project: HostProject;
let example: RunningExample | undefined;

afterEach(async () => {
  await example?.close();
  example = undefined;
  await project.close();
});

async function makeProject(kind: string): Promise<string> {
  const files = await Promise.all([filesOf(kind), filesOf('chinook/data')]);
  project = await makeHostProject({ files: Object.assign({}, ...files) });
  return project.path(kind);
}

async function start(kind: string): Promise<RunningExample> {
  example = await startExample({ folder: await makeProject(kind) });
  return example;
}

describe.each(['esm', 'commonjs'])('the example for %s', (kind) => {
  test('compiles, exports, still runs its own workflow, and prints a mistake as one line', async () => {
    const example = await start(kind);
    await (kind === 'esm' ? exportsFromAScript(example) : exportsFromAWebServer(example));
    expect(example.sandbox.state(EXAMPLE_AUDIENCE).tags).toEqual({ 'North America': 21 });
    expect(await executed(example, 'greet', 'Grace')).toBe('Hello, Grace!');
  });
});

test('the example for Nexus: a workflow of another namespace exports', async () => {
  const { env, run, sandbox } = await start('nexus');
  await withClient(env, async (client) => {
    await connectTo(client, env, 'shop', 'everyone');
    const { NAMESPACE, ENDPOINT } = await createEndpoint(client, env['TASK_QUEUE']!);
    // A namespace that was just registered is not known everywhere at once.
    const { stdout } = await until(() => run('caller.js', { NAMESPACE, ENDPOINT }).catch(retryUnknown));
    expect(JSON.parse(stdout)).toEqual({ changed: 58 });
  });
  expect(sandbox.state(EXAMPLE_AUDIENCE).tags).toEqual({ Everyone: 58 });
});

test('the example for OpenTelemetry: one trace, from the start of the export to its requests, without addresses', async () => {
  const { run, printed, sandbox } = await start('opentelemetry');
  const { stdout } = await run('export.js');
  const spans = await until(async () => {
    const all = [...stdout.split('\n'), ...printed()].flatMap(toSpan);
    return namesOf(all).includes('RunActivity:mailchimp.settleExport') && all;
  });
  const [root] = spans.filter(({ name }) => name === 'nightly export');
  const trace = spans.filter(({ trace: id }) => id === root?.trace);
  expect(namesOf(trace)).toEqual(
    expect.arrayContaining([
      'StartWorkflowUpdate:startJob',
      'RunWorkflow:mailchimpExport',
      'RunActivity:mailchimp.takeSnapshot',
      'mailchimp.snapshot.read',
      'mailchimp.plan',
      'POST /lists/{list_id}',
      'mailchimp.settle',
    ]),
  );
  // Each span but the first has a parent in the trace: that of a request is a step, that of a step the export.
  const ids = new Set(trace.map(({ id }) => id));
  expect(trace.filter(({ parent }) => parent === undefined)).toEqual([root]);
  expect(trace.filter(({ parent }) => parent !== undefined && !ids.has(parent))).toEqual([]);
  const nameOf = (id: string | undefined) => trace.find((span) => span.id === id)?.name;
  const sent = trace.filter(({ name }) => name === 'POST /lists/{list_id}');
  expect(new Set(sent.map(({ parent }) => nameOf(parent)))).toEqual(
    new Set(['RunActivity:mailchimp.sendCanary', 'RunActivity:mailchimp.sendChunks']),
  );
  for (const { attributes } of sent)
    expect(attributes).toEqual({
      'http.request.method': 'POST',
      'url.template': '/lists/{list_id}',
      'mailchimp.account': 'main',
      'http.response.status_code': 200,
    });
  // No address, no query, no hash of an address.
  const ours = trace.filter(({ name }) => /^(?:mailchimp\.|[A-Z]+ \/)/.test(name));
  expect(JSON.stringify(ours.map(({ name, attributes }) => ({ name, attributes })))).not.toMatch(
    /@|\?|[0-9a-f]{32}/,
  );
  expect(JSON.stringify(spans)).not.toContain(sandbox.apiKey);
});

test('the example of a source of one’s own follows the rules of a source, and is exported', async () => {
  const members = ['1', '2'];
  const customers = {
    attributes: ['id', 'mail'],
    profiles: [1, 2, 3].map((id) => [String(id), `customer${id}@mail.chinook.org`]),
    segments: [{ id: 'gold', name: 'Gold', members }],
  };
  const crm = createServer((_, response) => response.end(JSON.stringify(customers))).listen(0, '127.0.0.1');
  await once(crm, 'listening');
  const { port } = crm.address() as AddressInfo;
  try {
    const folder = await makeProject('custom-source');
    example = await startExample({ folder, env: { CRM_URL: `http://127.0.0.1:${port}` } });
    const { env, sandbox } = example;
    const [rules] = await Promise.all([
      runTests(folder, 'crm-source.test.js'),
      withClient(env, async (client) => {
        const exports = await connectTo(client, env, 'crm', 'gold', 'mail');
        const report = await (await exports.start(env['DESTINATION']!)).result();
        expect(report.outcomes).toMatchObject({ created: 2 });
      }),
    ]);
    expect(rules).toMatch(/^# pass 18\n# fail 0$/m);
    expect(sandbox.state(EXAMPLE_AUDIENCE).tags).toEqual({ Gold: 2 });
  } finally {
    crm.closeAllConnections();
    crm.close();
  }
});

test('the example of a test exports on a server that skips time', async () => {
  const folder = await makeProject('testing');
  await compileExample(folder);
  // The SDK gives its server five seconds to start: short for a JVM on a busy machine.
  const output = await until(() => runTests(folder, 'nightly.test.js').catch(retryStart));
  expect(output).toMatch(/^# pass 1\n# fail 0$/m);
});

async function exportsFromAScript({ run }: RunningExample): Promise<void> {
  const { stdout, stderr } = await run('export.js');
  expect(JSON.parse(stdout)).toMatchObject({ created: 21, unproven: 0, rejected: 0 });
  expect(stderr).toMatch(/^\w+: \d+ done$/m);

  const scheduled = await run('schedule.js', { SCHEDULE: `every-morning-${randomUUID().slice(0, 8)}` });
  expect(JSON.parse(scheduled.stdout)).toEqual([expect.objectContaining({ result: 'unchanged' })]);
  expect(scheduled.stderr).toMatch(/^next: \d{4}-/);

  const mistaken = run('export.js', { AUDIENCE_ID: 'none' });
  await expect(mistaken).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^AUDIENCE_MISMATCH: .*\n$/),
  });
  // Nothing listens on this port.
  await expect(run('export.js', { TEMPORAL_ADDRESS: '127.0.0.1:1' })).rejects.toMatchObject({
    stderr: expect.stringMatching(/^TEMPORAL_UNREACHABLE: .*\n$/),
  });
}

async function exportsFromAWebServer(example: RunningExample): Promise<void> {
  const { run, start } = example;
  // Two copies: what one starts, the other shows.
  const first = await listening(start);
  const second = await listening(start);
  const started = await ask(first, 'POST', '/exports');
  expect(started).toMatchObject({ status: 202, body: { number: 1, disposition: 'started' } });
  const path = `/exports/${String(started.body['exportId'])}`;
  const ended = await until(async () => {
    const shown = await ask(second, 'GET', path);
    // A busy machine may not answer in time; the server then says to ask again.
    if (shown.status === 503) return false;
    expect(shown.status).toBe(200);
    return 'outcomes' in shown.body && shown.body;
  });
  expect(ended).toMatchObject({ status: 'completed', outcomes: { created: 21, unproven: 0, rejected: 0 } });
  for (const [method, url] of [
    ['DELETE', path],
    ['GET', `/exports/${randomUUID()}`],
  ] as const)
    expect(await ask(first, method, url)).toMatchObject({ status: 404, body: { code: 'EXPORT_NOT_FOUND' } });

  const greeting = await executed(example, 'greetAndExport', 'Grace', example.env['DESTINATION']!);
  expect(greeting).toBe('Hello, Grace! 0 contacts changed.');

  await expect(run('server.js', { AUDIENCE_ID: 'none' })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^AUDIENCE_MISMATCH: .*\n$/),
  });
}

async function listening(start: RunningExample['start']): Promise<string> {
  const { port } = JSON.parse(await start('server.js', '"port":', { PORT: '0' })) as { port: number };
  return `http://127.0.0.1:${port}`;
}

async function ask(server: string, method: string, path: string) {
  const reply = await fetch(`${server}${path}`, { method });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

/** Runs a workflow of the example's own. */
function executed(
  { env }: RunningExample,
  workflow: 'greet' | 'greetAndExport',
  ...args: readonly string[]
): Promise<string> {
  return withClient(env, (client) =>
    client.workflow.execute(workflow, {
      taskQueue: env['TASK_QUEUE']!,
      workflowId: `${workflow}-${randomUUID()}`,
      args: [...args],
    }),
  );
}

async function withClient<Result>(
  { TEMPORAL_ADDRESS }: RunningExample['env'],
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const connection = await Connection.connect({ address: TEMPORAL_ADDRESS! });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

/** As a script of the host would, for an example without one. */
async function connectTo(
  client: Client,
  env: RunningExample['env'],
  ...[source, segment, email = 'Email']: readonly string[]
): Promise<ExportClient> {
  const exports = new ExportClient({ client, taskQueue: env['TASK_QUEUE']! });
  const destination = env['DESTINATION']!;
  const input = { ...CONNECT, audienceId: EXAMPLE_AUDIENCE, source: source! };
  await exports.connect(destination, input);
  await exports.configure(destination, { email, fields: {}, segments: { [segment!]: null } });
  return exports;
}

async function createEndpoint({ connection }: Client, taskQueue: string) {
  const NAMESPACE = `callers-${randomUUID().slice(0, 8)}`;
  const ENDPOINT = `mailchimp-${randomUUID().slice(0, 8)}`;
  const { workflowService, operatorService } = connection;
  const workflowExecutionRetentionPeriod = { seconds: 86_400 } as never;
  await workflowService.registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod });
  await operatorService.createNexusEndpoint({
    spec: { name: ENDPOINT, target: { worker: { namespace: 'default', taskQueue } } },
  });
  return { NAMESPACE, ENDPOINT };
}

type Failed = Error & { readonly stdout?: string; readonly stderr?: string };

function retryUnknown(error: Failed): undefined {
  if (!/Namespace \S+ is not found|NOT_FOUND/i.test(error.stderr ?? '')) throw error;
}

function retryStart(error: Failed): undefined {
  if (!/Failed to start ephemeral server/.test(error.stdout ?? '')) throw error;
}

/** Runs a file of tests of an example. @returns what the runner printed */
async function runTests(folder: string, file: string): Promise<string> {
  const args = ['--test', '--test-reporter=tap', join(folder, 'dist', file)];
  // Of jest's own runner, which would change how it runs.
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const named = { ...env, TEMPORAL_TEST_SERVER_PATH: env['TEST_SERVER_PATH'] };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env: named });
  return stdout;
}

interface Span {
  readonly trace: string;
  readonly id: string;
  readonly parent?: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

function namesOf(spans: readonly Span[]): string[] {
  return spans.map(({ name }) => name);
}

function toSpan(line: string): Span[] {
  return line.startsWith('{"trace":') ? [JSON.parse(line) as Span] : [];
}

/** Texts of the files of a folder, by their paths below the examples. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(join(EXAMPLES, folder))).filter((name) => /\.(ts|json|csv)$/.test(name));
  const texts = names.map(
    async (name) => [`${folder}/${name}`, await readFile(join(EXAMPLES, folder, name), 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(texts));
}
