import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import type { ExportReport } from '../../../src/contract/report';
import { CONFIGURE, CONNECT, CROWD, CROWD_MEMBERS, follow, openStage, type Stage } from '../../support/stage';
import { ExportError } from '../../../src/errors';
import { until } from '../../support/until';
import { untilAnswered } from '../../support/until-answered';

/** Every step of an export that has something to send, most of it by a batch; and what happens to the export in it. */
const STEPS = [
  'preflight',
  'takeCensus',
  'takeSnapshot',
  'planExport',
  'sendCanary',
  'submitPart',
  'pollBatches',
  'collectPart',
  'settleExport',
] as const;

const CASES = STEPS.flatMap((step) =>
  (['terminated', 'cancelled', 'reset'] as const).flatMap((what) =>
    (['export', 'destination'] as const).map((who) => ({ step, what, who })),
  ),
).map((testCase, index) => ({ ...testCase, index, audienceId: `c417f0${String(index).padStart(4, '0')}` }));
type Case = (typeof CASES)[number];

const MERGE_FIELDS = ['FNAME', 'LNAME', 'COUNTRY'].map((tag) => ({ tag, name: tag, type: 'text' as const }));

/** Slow enough that all of them hold, quick enough that the machine is not idle. */
const AT_ONCE = 6;

let stage: Stage;

beforeAll(async () => {
  const audiences = CASES.map(({ audienceId }) => ({
    id: audienceId,
    name: audienceId,
    mergeFields: MERGE_FIELDS,
  }));
  stage = await openStage({
    sandbox: { audiences, connectionLimit: 100, operationMs: 20, batchParallelism: 10 },
  });
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterAll(async () => {
  await stage.close();
});

const idOf = ({ index }: Case) => `${stage.destinationId}-${index}`;
const handleOf = (workflowId: string, runId?: string) => stage.temporal.workflow.getHandle(workflowId, runId);

async function connect(testCase: Case): Promise<void> {
  const request = { ...CONNECT, audienceId: testCase.audienceId, adopt: true };
  await untilAnswered(() => stage.client.connect(idOf(testCase), request));
  await untilAnswered(() => stage.client.configure(idOf(testCase), { ...CONFIGURE, adoptTags: true }));
}

async function hasBegun(handle: WorkflowHandle, step: string): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).some(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === `mailchimp.${step}`,
  );
}

async function interrupt({ what }: Case, handle: WorkflowHandle): Promise<void> {
  if (what === 'terminated') await handle.terminate('by the test');
  else if (what === 'cancelled') await handle.cancel();
  else await reset(handle);
}

/** Back to how it was after its first workflow task. */
async function reset(handle: WorkflowHandle): Promise<void> {
  const { runId } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  await stage.temporal.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: handle.workflowId, runId },
    reason: 'by the test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: first?.eventId ?? null,
  });
}

const isOpen = async (workflowId: string) =>
  (await handleOf(workflowId).describe()).status.name === 'RUNNING';

/** What a person does then: connects and configures again where the destination has ended, or was set back to before that. */
async function start(testCase: Case): Promise<{ readonly exportId: string } | undefined> {
  try {
    return await stage.client.start(idOf(testCase));
  } catch (error) {
    const isSetBack = error instanceof ExportError && error.code.startsWith('NOT_C');
    if (isSetBack || !(await isOpen(destinationWorkflowId(idOf(testCase)))))
      await connect(testCase).catch(() => undefined);
    return undefined;
  }
}

/** The next export, whatever has become of the last one and of its destination. */
async function exportNext(testCase: Case): Promise<ExportReport> {
  const destinationId = idOf(testCase);
  const { exportId } = await until(() => start(testCase));
  return follow(stage.client, { destinationId, exportId });
}

/** @returns what is wrong */
async function runCase(testCase: Case): Promise<string[]> {
  const destinationId = idOf(testCase);
  await connect(testCase);
  await untilAnswered(() => stage.client.start(destinationId));
  const running = handleOf(exportWorkflowId(destinationId));
  await until(() => hasBegun(running, testCase.step));
  const interrupted = testCase.who === 'export' ? running : handleOf(destinationWorkflowId(destinationId));
  // It may be over in the very moment.
  await interrupt(testCase, interrupted).catch(() => undefined);
  // What was interrupted may be the first of these; the one that completes has repaired what it left.
  for (let tries = 0; tries < 3; tries++) {
    const { status, failure } = await exportNext(testCase);
    if (status === 'completed') break;
    // Set back to before it knew the tags that it has made: whose they are, somebody has to say.
    if (failure?.code === 'TAG_TAKEN') await connect(testCase);
  }
  return faultsOf(testCase, await exportNext(testCase));
}

function faultsOf({ audienceId }: Case, { status, outcomes }: ExportReport): string[] {
  const members = [...stage.sandbox.members(audienceId)];
  const { tags } = stage.sandbox.state(audienceId);
  return [
    ...(status === 'completed' ? [] : [`ended ${status}`]),
    ...(outcomes.unchanged === CROWD.length ? [] : [`outcomes ${JSON.stringify(outcomes)}`]),
    ...(members.length === CROWD.length ? [] : [`${members.length} members`]),
    ...(members.every(({ status }) => status === 'subscribed') ? [] : ['somebody is not subscribed']),
    ...(tags['VIP'] === 2 && tags['North'] === CROWD.length - 2 ? [] : [`tags ${JSON.stringify(tags)}`]),
  ];
}

async function playAll(queue: Iterator<Case, unknown>, wrong: string[]): Promise<void> {
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const { who, what, step } = next.value;
    const faults = await runCase(next.value).catch((error: unknown) => [String(error)]);
    wrong.push(...faults.map((fault) => `${who} ${what} in ${step}: ${fault}`));
  }
}

test('an export that is interrupted in any of its steps loses no contact, and the next one recovers', async () => {
  const wrong: string[] = [];
  const queue = CASES.values();
  await stage.withWorker(() => Promise.all(Array.from({ length: AT_ONCE }, () => playAll(queue, wrong))));
  expect(wrong).toEqual([]);
}, 600_000);
