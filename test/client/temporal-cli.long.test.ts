import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DestinationView } from '../../src/contract/destination-view';
import type { ExportView } from '../../src/contract/export';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import * as messages from '../../src/workflows/messages';
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
  const line = Object.entries({
    'mailchimp/newsletter': destinationWorkflowId(stage.destinationId),
    '"newsletter"': `"${stage.destinationId}"`,
    '--task-queue mailchimp': `--task-queue ${stage.taskQueue}`,
    '1a2b3c4d5e': AUDIENCE,
    '"shop"': '"people"',
    ...ids,
  }).reduce((text, [from, to]) => text.replaceAll(from, to), COMMANDS.get(message)!);
  const [, ...argv] = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
  const server = ['--address', process.env['TEST_TEMPORAL_ADDRESS']!, '-o', 'json', ...more];
  const { stdout } = await promisify(execFile)(await findTemporalBinary(), [...argv, ...server]);
  const { result, updateResult = result, queryResult = [updateResult] } = JSON.parse(stdout) as Printed;
  return queryResult[0];
}

const progress = async () => (await run('progress')) as ExportView;

/** The plan of the export that is held once nobody is in the segment vip. */
const heldPlan = () =>
  until(async () => {
    const { state } = await progress().catch(() => ({ state: { kind: 'none' as const } }));
    return state.kind === 'held' && state.held.planId;
  });

test('the documentation has one command of the Temporal CLI for each update and each query', () => {
  const requests = Object.values(messages).filter(({ type }) => type !== 'signal');
  const names = requests.map(({ name }) => name);
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
    ];
    expect(found.toSorted()).toEqual([...COMMANDS.keys()].toSorted());
  });
});
