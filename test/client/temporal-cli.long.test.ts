import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DestinationView } from '../../src/contract/destination-view';
import type { ExportView } from '../../src/contract/export';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { createEncryptionCodec } from '../../src/encryption/encryption-codec';
import { startCodecServer } from '../../src/encryption/configured';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import * as messages from '../../src/workflows/messages';
import { accountWorkflow } from '../support/account-workflow';
import { AUDIENCE, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';

const DOCUMENT = readFileSync(resolve(__dirname, '../../docs/temporal-cli.md'), 'utf8');

/** The documented command of each message. */
const COMMANDS = new Map(
  DOCUMENT.split('\n').flatMap((line) => {
    const [, name] =
      /^temporal workflow .* --(?:name|type|update-name) (\w+)(?: --(?:input|update-input) \S|$)/.exec(
        line,
      ) ?? [];
    return name === undefined ? [] : [[name, line] as const];
  }),
);

/** Of an update, of one that may start a workflow, and of a query. */
interface Printed {
  readonly result?: unknown;
  readonly updateResult?: unknown;
  readonly queryResult?: readonly unknown[];
}

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterAll(async () => {
  await stage.close();
});

/** Runs the documented command for this stage, and returns what the workflow answered. */
async function run(
  message: string,
  ids: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
) {
  return execute(COMMANDS.get(message)!, ids, more);
}

async function execute(
  command: string,
  ids: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
) {
  const line = Object.entries({
    'mailchimp/newsletter': destinationWorkflowId(stage.destinationId),
    '"newsletter"': `"${stage.destinationId}"`,
    '--task-queue mailchimp': `--task-queue ${stage.taskQueue}`,
    '1a2b3c4d5e': AUDIENCE,
    '"shop"': '"people"',
    ...ids,
  }).reduce((text, [from, to]) => text.replaceAll(from, to), command);
  const [, ...argv] = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
  const server = ['--address', process.env['TEST_TEMPORAL_ADDRESS']!, '-o', 'json', ...more];
  const { stdout } = await promisify(execFile)(await findTemporalBinary(), [...argv, ...server]);
  if (!stdout.startsWith('{')) return stdout;
  const { result, updateResult = result, queryResult = [updateResult] } = JSON.parse(stdout) as Printed;
  return queryResult[0];
}

const progress = async () => (await run('progress')) as ExportView;

/** The plan of the export that is held once the segment vip is empty. */
const heldPlan = () =>
  until(async () => {
    const { state } = await progress().catch(() => ({ state: { kind: 'none' as const } }));
    return state.kind === 'held' && state.held.planId;
  });

test('the documentation has one command of the Temporal CLI for each update and each query', () => {
  const requests = Object.values(messages).filter(({ type }) => type !== 'signal');
  // Worker processes ask for leases.
  const names = requests.map(({ name }) => name).filter((name) => name !== 'lease');
  expect([...COMMANDS.keys()].toSorted()).toEqual(names.toSorted());
});

test('the documented commands of the Temporal CLI do what a client does', async () => {
  const { sandbox } = stage;
  await stage.withWorker(async () => {
    expect(await run('connect')).toMatchObject({ phase: 'connected', consent: { agreedBy: 'Ada Lovelace' } });
    expect(await run('configure')).toMatchObject({ phase: 'configured' });
    await stage.configure({ segments: { vip: 'VIP' }, guards: { newContacts: 0 } });

    const started = (await run('startJob', {}, ['--update-id', 'monday'])) as { exportId: string };
    expect(started).toMatchObject({ number: 1, disposition: 'started' });
    const planId = await heldPlan();
    expect(await run('pause')).toBeNull();
    expect(await progress()).toMatchObject({ ref: { exportId: started.exportId }, isPaused: true });
    expect(await run('approve', { PLAN_ID: planId })).toBe('approved');
    expect(await run('resume')).toBeNull();
    expect(await stage.follow(started.exportId)).toMatchObject({
      status: 'completed',
      approval: { by: 'Ada Lovelace' },
    });
    // The update is repeated in a later run of the destination, which the server does not notice.
    expect(await run('startJob', {}, ['--update-id', 'monday'])).toMatchObject({
      exportId: started.exportId,
    });

    await stage.configure({ segments: { vip: 'VIP', north: 'North' }, guards: { newContacts: 0 } });
    const second = (await run('startJob')) as { exportId: string };
    await run('deny', { PLAN_ID: await heldPlan() });
    expect(await stage.follow(second.exportId)).toMatchObject({
      status: 'denied',
      denial: { by: 'Ada Lovelace' },
    });

    const third = (await run('startJob')) as { exportId: string };
    await heldPlan();
    expect(await run('cancelExport', { EXPORT_ID: third.exportId })).toBeNull();
    expect(await stage.follow(third.exportId)).toMatchObject({ status: 'cancelled' });
    const state = (await run('state')) as DestinationView;
    expect(state.exports.map(({ number, status }) => `${number} ${status}`)).toEqual([
      '3 cancelled',
      '2 denied',
      '1 completed',
    ]);
    expect(sandbox.state(AUDIENCE).members).toBe(2);

    const account = { ACCOUNT_WORKFLOW: (await accountWorkflow(stage)).workflowId };
    expect(await run('pace', account)).toMatchObject({ budget: 3, pace: { connections: 3 } });
    expect(await run('budget', account)).toMatchObject({ budget: 3 });
    await expect(run('moveStore', { STORE_ID: '00000000', COPY_ID: '11111111' })).rejects.toThrow(/00000000/);

    expect(await run('withdrawConsent')).toMatchObject({
      consent: { withdrawnBy: 'Ada Lovelace', withdrawnReason: 'Under review' },
    });
    expect(await run('removeDestination')).toMatchObject({ phase: 'removed' });
  });
});

test('each update and each query has a description', async () => {
  const described = async (workflowId: string) => {
    const handle = stage.temporal.workflow.getHandle(workflowId);
    const { definition } = await handle.query<{
      definition: Record<'queryDefinitions' | 'updateDefinitions', { name: string; description?: string }[]>;
    }>('__temporal_workflow_metadata');
    return [...definition.queryDefinitions, ...definition.updateDefinitions]
      .filter(({ name, description = '' }) => !name.startsWith('__') && description.length > 10)
      .map(({ name }) => name);
  };
  await stage.withWorker(async () => {
    const { destinationId } = stage;
    const found = [
      ...(await described(destinationWorkflowId(destinationId))),
      ...(await described(exportWorkflowId(destinationId))),
      ...(await described((await accountWorkflow(stage)).workflowId)),
    ];
    expect(found.filter((name) => name !== 'lease').toSorted()).toEqual([...COMMANDS.keys()].toSorted());
  });
});

/** The documented commands that begin so, in their order. */
const linesOf = (beginning: string) => DOCUMENT.split('\n').filter((line) => line.startsWith(beginning));

test('the documented commands of the Temporal CLI refresh destinations by their label, once and by a schedule', async () => {
  const scheduleId = `nightly-${stage.destinationId}`;
  const refresh = `refresh-${stage.destinationId}`;
  const ids = {
    '--schedule-id nightly': `--schedule-id ${scheduleId}`,
    'refresh-nightly': refresh,
    '{"all":true}': `{"destinations":["${stage.destinationId}"]}`,
  };
  const schedule = stage.temporal.schedule.getHandle(scheduleId);
  const ended = (query: string, exports: number) =>
    until(async () => {
      for await (const { workflowId } of stage.temporal.workflow.list({ query }))
        await stage.temporal.workflow.getHandle(workflowId).result();
      return (await stage.client.describe(stage.destinationId)).exports.length === exports;
    });
  await stage.withWorker(async () => {
    await run('connect');
    expect(await run('state')).toMatchObject({ labels: ['nightly'] });
    await stage.configure({ segments: { vip: 'VIP 2', north: 'North 2' } });
    const before = (await stage.client.describe(stage.destinationId)).exports.length;
    const [once = ''] = linesOf('temporal workflow start --type mailchimpRefresh');
    await execute(once, ids);
    await ended(`TaskQueue = '${stage.taskQueue}' AND WorkflowType = 'mailchimpRefresh'`, before + 1);

    const [create = '', describe = '', pause = '', unpause = '', trigger = '', remove = '', ...others] =
      linesOf('temporal schedule');
    expect(others).toEqual([]);
    await execute(create, ids);
    await execute(describe, ids);
    expect((await schedule.describe()).spec.timezone).toBe('Europe/Berlin');
    await execute(pause, ids);
    expect((await schedule.describe()).state).toMatchObject({ paused: true, note: 'new source' });
    await execute(unpause, ids);
    expect((await schedule.describe()).state).toMatchObject({ paused: false });
    await execute(trigger, ids);
    await ended(`WorkflowId STARTS_WITH '${refresh}'`, before + 2);
    await execute(remove, ids);
    await expect(schedule.describe()).rejects.toThrow(/not found/i);
    await stage.client.remove(stage.destinationId, { removedBy: 'tester' });
  });
});

test('with encryption, the documented commands work through the codec server', async () => {
  const codec = await createEncryptionCodec({ keys: { k1: randomBytes(32).toString('base64') }, use: 'k1' });
  const token = randomBytes(16).toString('hex');
  const server = await startCodecServer({ codec, token, origins: [], host: '127.0.0.1', port: 0 });
  const own = 'http://127.0.0.1:8081';
  const [query = ''] = linesOf('temporal workflow query').filter((line) => line.includes(own));
  const options = ['--codec-endpoint', server.url, '--codec-auth', `Bearer ${token}`];
  try {
    await stage.withWorker(
      async () => {
        expect(await run('connect', {}, options)).toMatchObject({ phase: 'connected' });
        expect(await execute(query, { [own]: server.url, TOKEN: token })).toMatchObject({
          phase: 'connected',
          consent: { agreedBy: 'Ada Lovelace' },
        });
        // Without it, the answer cannot be read.
        expect(await run('state')).toBeUndefined();
        await run('removeDestination', {}, options);
      },
      { dataConverter: { payloadCodecs: [codec] } },
    );
  } finally {
    await server.close();
  }
});
