import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bytesOf, MAX_PAYLOAD_BYTES } from '../../../src/contract/compact';
import { startSuggestingServer, type SuggestingServer } from '../../support/suggesting-server';
import { until } from '../../support/until';
import { inShort, openRefreshing, type Refreshing } from './refreshing';

/** The server suggests continue-as-new at so many events instead of 4,096. */
const SUGGESTED_AT = 150;

/** Of one destination: its share of a question, the signal, and the workflow tasks that they cause. */
const EVENTS_EACH = 16;

/** What one more step can add to a run after the suggestion. */
const STEP = 30;

const EXPORTED = 24;

let server: SuggestingServer;

beforeAll(async () => {
  server = await startSuggestingServer(SUGGESTED_AT);
});

afterAll(async () => {
  await server.kill();
});

/** Lengths of the histories of the chain of runs, once the server lists the end. */
function untilListed({ stage }: Refreshing, workflowId: string): Promise<number[]> {
  return until(async () => {
    const lengths: number[] = [];
    const query = `WorkflowId = '${workflowId}'`;
    for await (const { historyLength, status } of stage.temporal.workflow.list({ query })) {
      if (status.name === 'RUNNING') return undefined;
      lengths.push(historyLength);
    }
    return lengths.length > 0 && lengths;
  });
}

describe('a refresh of many destinations', () => {
  let world: Refreshing;

  beforeAll(async () => {
    world = await openRefreshing(EXPORTED, { address: server.address });
  });

  afterAll(async () => {
    await world.close();
  });

  test('continues as new, keeps every result, and has a bounded history for each destination', async () => {
    await world.stage.withWorker(async () => {
      await world.prepare();
      await world.untilListed();
      const refresh = await world.start();
      const report = await refresh.result();
      expect(inShort(report)).toEqual(world.names.map(() => 'exported'));
      expect(await world.mostAtOnce()).toBeLessThanOrEqual(4);
      const runs = await untilListed(world, refresh.workflowId);
      expect(runs.length).toBeGreaterThan(1);
      expect(Math.max(...runs)).toBeLessThan(SUGGESTED_AT + STEP);
      const events = runs.reduce((sum, length) => sum + length, 0);
      expect(events).toBeLessThan(EXPORTED * EVENTS_EACH);
    });
  });

  test('reports a thousand in one payload of a bounded size', async () => {
    const unknown = Array.from({ length: 1_000 }, (_, index) =>
      `${world.stage.destinationId}-x${index}`.padEnd(63, 'x'),
    );
    await world.stage.withWorker(async () => {
      const refresh = await world.start({ targets: { destinations: unknown } });
      const report = await refresh.result();
      expect(report.destinations).toHaveLength(1_000);
      expect(new Set(inShort(report))).toEqual(new Set(['skipped: not_found']));
      expect(bytesOf(report)).toBeLessThan(MAX_PAYLOAD_BYTES);
      // Twenty questions.
      const [events = 0] = await untilListed(world, refresh.workflowId);
      expect(events).toBeLessThan(SUGGESTED_AT);
    });
  });
});
