import { hostname } from 'node:os';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { ExportHandle } from '../../src/client';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { reasonIn } from '../support/export-state';
import { person, reportOf, type Stage } from '../support/stage';
import { until } from '../support/until';

/** Name of a history and its events, as `temporal workflow show --output json` prints them. */
export type Recording = Readonly<Record<string, unknown>>;

const IDENTITY = 'recorder';

/** Runs one destination from connect to removal, with a quick, an interrupted and a cancelled export, and records the histories. */
export async function record(stage: Stage): Promise<Recording> {
  const recorder = new Recorder(stage);
  await writeInput(stage, 3);
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    await recorder.duringRun('destination-first-run', async () => {
      await recorder.export('export-first', () => stage.export());
    });
    await writeChangedInput(stage);
    await recorder.export('export-upserts-and-untags', () => stage.export());
    await writeInput(stage, 20);
    await recorder.export('export-paused-stopped-resumed', () => exportInTrouble(stage));
    await writeInput(stage, 40);
    await recorder.duringRun('destination-cancelled-export', async () => {
      await recorder.export('export-cancelled', () => cancelledExport(stage));
    });
    await recorder.duringRun('destination-removed', async () => {
      await stage.client.remove(stage.destinationId, { removedBy: 'tester' });
    });
  });
  return recorder.recorded;
}

class Recorder {
  readonly recorded: Record<string, unknown> = {};
  private readonly stage: Stage;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  /** The destination's run as it is now, when that run has ended. */
  async duringRun(name: string, work: () => Promise<void>): Promise<void> {
    const workflowId = destinationWorkflowId(this.stage.destinationId);
    const { runId } = await this.stage.temporal.workflow.getHandle(workflowId).describe();
    await work();
    await this.keep(name, workflowId, runId);
  }

  async export(name: string, work: () => Promise<unknown>): Promise<void> {
    await work();
    const workflowId = exportWorkflowId(this.stage.destinationId);
    const { runId } = await this.stage.temporal.workflow.getHandle(workflowId).describe();
    await this.keep(name, workflowId, runId);
  }

  private async keep(name: string, workflowId: string, runId: string): Promise<void> {
    const handle = this.stage.temporal.workflow.getHandle(workflowId, runId);
    await until(async () => (await handle.describe()).status.name !== 'RUNNING');
    this.recorded[name] = scrub(JSON.parse(historyToJSON(await handle.fetchHistory())));
  }
}

/** Half of the profiles in each segment. */
async function writeInput(stage: Stage, people: number): Promise<void> {
  const numbers = Array.from({ length: people }, (_, index) => index + 1);
  await stage.writeProfiles(numbers.map((number) => person(number)));
  await stage.writeMembers(
    numbers.map((number) => [person(number).id, number % 2 === 0 ? 'north' : 'vip'] as const),
  );
}

/** One has a new name, one changes the segment, one has left, one is new. */
async function writeChangedInput(stage: Stage): Promise<void> {
  await stage.writeProfiles([person(1, { last: 'Newname' }), person(2), person(3), person(4)]);
  await stage.writeMembers([
    [person(1).id, 'vip'],
    [person(2).id, 'vip'],
    [person(4).id, 'north'],
  ]);
}

const hold = ({ sandbox }: Stage) => sandbox.control.set({ batchPolls: 1_000_000 });
const release = ({ sandbox }: Stage) => sandbox.control.set({ batchPolls: 0 });

async function submitted(handle: ExportHandle): Promise<void> {
  await until(async () => (await handle.progress())?.batches === 1);
}

/** Paused and resumed with a batch in flight, stopped by a revoked key, resumed. */
async function exportInTrouble(stage: Stage): Promise<void> {
  const { client, destinationId, sandbox } = stage;
  hold(stage);
  const handle = await client.start(destinationId);
  await submitted(handle);
  await handle.pause();
  await handle.resume();
  sandbox.fail('401 on GET /batches/*');
  await until(async () => reasonIn(await handle.progress(), 'stopped'));
  release(stage);
  await handle.resume();
  await reportOf(handle);
}

async function cancelledExport(stage: Stage): Promise<void> {
  hold(stage);
  const handle = await stage.client.start(stage.destinationId);
  await submitted(handle);
  await handle.cancel();
  await reportOf(handle);
  release(stage);
}

/** Removes what identifies the machine: the worker's identity and the paths in stack traces. Replay needs neither. */
function scrub(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scrub);
  if (typeof value === 'string') return value.replaceAll(`${process.pid}@${hostname()}`, IDENTITY);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'stackTrace');
  return Object.fromEntries(kept.map(([key, inner]) => [key, key === 'identity' ? IDENTITY : scrub(inner)]));
}
