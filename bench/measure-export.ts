import type { ExportReport } from '../src/client';
import { DESTINATION } from '../src/dev/demo/setting';
import type { ExportFigures } from './figures';
import { readChain, type Chain, type Step } from './history';
import type { Scene } from './scene';
import { bytesIn, watchDisk, watchMemory } from './watch';

/** Steps after the plan that deliver nothing. */
const NO_DELIVERY = new Set(['settleExport', 'tidyStaging', 'deleteBatches', 'preflight', 'awaitQuiet']);

/** Runs one export from start to report. @throws Error unless it completes with an outcome for everybody */
export async function measureExport(scene: Scene): Promise<ExportFigures> {
  await scene.sandbox.clearCounters();
  const memory = watchMemory(scene.workerPid);
  const disk = watchDisk(scene.staging);
  const running = runExport(scene);
  await running.catch(() => undefined);
  await Promise.all([memory.stop(), disk.stop()]);
  const { report, chain } = await running;
  const { outcomes } = report;
  const delivery = deliveryOf(chain);
  return {
    seconds: report.durationMs / 1000,
    sent: outcomes.created + outcomes.updated + outcomes.removed,
    invalid: outcomes.invalid,
    duplicate: outcomes.duplicate,
    departed: report.departed,
    censusSeconds: secondsOf(chain, ['takeCensus']),
    prepareSeconds: secondsOf(chain, ['takeSnapshot', 'planExport']),
    deliverSeconds: (delivery.to - delivery.from) / 1000,
    settleSeconds: secondsOf(chain, ['settleExport']),
    deliverRss: memory.peak(delivery.from, delivery.to),
    history: chain.figures,
    provider: await scene.sandbox.counted(),
    stagingPeak: disk.peak(),
    stagingAfter: await bytesIn(scene.staging),
  };
}

async function runExport(scene: Scene): Promise<{ readonly report: ExportReport; readonly chain: Chain }> {
  const { exports, temporal, options } = scene;
  const { exportId, workflowId, firstExecutionRunId } = await exports.start(DESTINATION, {
    trigger: 'bench',
    options: { lane: options.lane },
  });
  if (firstExecutionRunId === undefined) throw new Error('The export did not start at once.');
  const report = await reportOf(scene, exportId);
  const { unproven, rejected, throttled, suppressed, not_sent: notSent } = report.outcomes;
  if (report.ending !== 'completed' || unproven + rejected + throttled + suppressed + notSent > 0)
    throw new Error(`The export ended as ${report.ending}: ${JSON.stringify(report.outcomes)}`);
  return { report, chain: await readChain(temporal, workflowId, firstExecutionRunId) };
}

async function reportOf({ exports }: Scene, exportId: string): Promise<ExportReport> {
  const following = exports.follow({ destinationId: DESTINATION, exportId });
  for (;;) {
    const { done, value } = await following.next();
    if (done) return value;
  }
}

function secondsOf({ steps }: Chain, types: readonly string[]): number {
  const found = steps.filter(({ type }) => types.includes(type));
  if (found.length === 0) return 0;
  return (Math.max(...found.map(({ completed }) => completed)) - startOf(found)) / 1000;
}

interface Window {
  readonly from: number;
  readonly to: number;
}

/** From the first submission to the last outcome: what is done between the plan and settling it. */
function deliveryOf({ steps }: Chain): Window {
  const planned = steps.findLastIndex(({ type }) => type === 'planExport');
  const found = steps.slice(planned + 1).filter(({ type }) => !NO_DELIVERY.has(type));
  if (found.length === 0) return { from: 0, to: 0 };
  return { from: startOf(found), to: Math.max(...found.map(({ completed }) => completed)) };
}

const startOf = (steps: readonly Step[]): number => Math.min(...steps.map(({ started }) => started));
