import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { DeterminismViolationError } from '@temporalio/workflow';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { exportWorkflowId } from '../../src/contract/identifiers';
import { openStage, person } from '../support/stage';
import { HistoryStore } from './history-store';
import { replay } from './replaying';

const store = new HistoryStore();
const logger = new DefaultLogger('ERROR', () => undefined);

const bundle = (change: string) =>
  bundleWorkflowCode({ workflowsPath: resolve(__dirname, `changed/${change}.ts`), logger });

describe('a change of the export workflow', () => {
  let patched: WorkflowBundleWithSourceMap;
  let unpatched: WorkflowBundleWithSourceMap;

  beforeAll(async () => {
    [patched, unpatched] = await Promise.all([bundle('patched'), bundle('unpatched')]);
  });

  const histories = store.versions().map((version) => ({
    version,
    read: () => JSON.parse(store.readText(version, 'export-first')) as unknown,
  }));

  test.each(histories)('behind `patched` replays a history of $version', async ({ read }) => {
    await expect(replay(read(), patched)).resolves.toBeUndefined();
  });

  test.each(histories)('without `patched` fails to replay a history of $version', async ({ read }) => {
    await expect(replay(read(), unpatched)).rejects.toThrow(DeterminismViolationError);
  });

  test('behind `patched` takes effect in a new export, whose history needs the change to replay', async () => {
    const stage = await openStage({ worker: { workflowBundle: patched } });
    await stage.writeProfiles([person(1)]);
    await stage.writeMembers([[person(1).id, 'vip']]);
    const report = await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      return stage.export();
    });
    expect(report.status).toBe('completed');
    const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
    const text = historyToJSON(await handle.fetchHistory());
    await stage.close();
    expect(text.includes('EVENT_TYPE_MARKER_RECORDED')).toBe(true);
    const history: unknown = JSON.parse(text);
    await expect(replay(history, patched)).resolves.toBeUndefined();
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });
});
