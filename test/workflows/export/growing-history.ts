import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { exportWorkflowId } from '../../../src/contract/identifiers';
import { postsTo } from '../../support/mailchimp';
import { openStage, person, type Stage } from '../../support/stage';
import { startSuggestingServer, type SuggestingServer } from '../../support/suggesting-server';
import { until } from '../../support/until';

/** Rows of a full part: 50 chunks of 500. */
export const PART = 25_000;

/** New members among the canary. */
export const FIRST = 5;

/** The server suggests continue-as-new at so many events instead of 4,096: before the first batch, and after a few polls of it. */
export const SUGGESTED_AT = 36;

let server: SuggestingServer;
/** Of the current test. */
export let stage: Stage;

beforeAll(async () => {
  server = await startSuggestingServer(SUGGESTED_AT);
});

afterAll(async () => {
  await server.kill();
});

beforeEach(async () => {
  stage = await openStage({ address: server.address, sandbox: { replies: 'lean' } });
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
