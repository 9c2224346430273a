import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { exportWorkflowId } from '../../../src/contract/identifiers';
import { type OwnedProcess, spawnOwned } from '../../../src/dev/owned-process';
import { freePort } from '../../../src/dev/dev-server';
import { findTemporalBinary } from '../../../src/dev/temporal-binary';
import { postsTo } from '../../support/mailchimp';
import { openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

/** Rows of a full part: 50 chunks of 500. */
export const PART = 25_000;

/** New members among the canary. */
export const FIRST = 5;

/** The server suggests continue-as-new at so many events instead of 4,096: before the first batch, and after a few polls of it. */
export const SUGGESTED_AT = 36;

let server: OwnedProcess;
let address: string;
/** Of the current test. */
export let stage: Stage;

beforeAll(async () => {
  const port = await freePort();
  address = `127.0.0.1:${port}`;
  server = await spawnOwned({
    command: await findTemporalBinary(),
    args: [
      `server start-dev --headless --ip 127.0.0.1 --port ${port} --log-level error --dynamic-config-value`,
      `limit.historyCount.suggestContinueAsNew=${SUGGESTED_AT}`,
    ].flatMap((text) => text.split(' ')),
  });
  await until(() => answers());
});

async function answers(): Promise<boolean> {
  const connection = Connection.lazy({ address, connectTimeout: 1_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

afterAll(async () => {
  await server.kill();
});

beforeEach(async () => {
  stage = await openStage({ address, sandbox: { replies: 'lean' } });
});

afterEach(async () => {
  await stage.close();
});

const holdBatches = () => stage.sandbox.control.set({ batchPolls: 1_000_000 });
export const releaseBatches = () => stage.sandbox.control.set({ batchPolls: 0 });

export async function writePeople(count: number): Promise<void> {
  const people = Array.from({ length: count }, (_, index) => person(index + 1));
  await stage.writeProfiles(people);
  await stage.writeMembers(people.map(({ id }) => [id, 'vip'] as const));
}

/** Lengths of the histories of the chain of runs. */
export async function runs(): Promise<number[]> {
  const lengths: number[] = [];
  const query = `WorkflowId = '${exportWorkflowId(stage.destinationId)}'`;
  for await (const { historyLength } of stage.temporal.workflow.list({ query })) lengths.push(historyLength);
  return lengths;
}

export async function startHeldExport(): Promise<string> {
  await stage.connect();
  await stage.configure();
  holdBatches();
  return (await stage.client.start(stage.destinationId)).id;
}

export const untilRuns = (count: number) => until(async () => (await runs()).length >= count);

export const submitted = () => postsTo(stage.sandbox, '/batches');
