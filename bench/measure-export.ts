import type { ExportHandle, ExportReport } from '../src/client';
import { DESTINATION } from '../src/dev/demo/setting';
import type { ExportFigures } from './figures';
import { readChain, type Chain, type Step } from './history';
import type { Scene } from './scene';
import { bytesIn, watchDisk, watchMemory, type Watch } from './watch';

/** Each lasts at least ten seconds. */
const MAX_SILENCES = 12;

const PREPARATION = ['takeSnapshot', 'planExport'];

/** Steps after the plan that are not part of delivery. */
const NO_DELIVERY = new Set([
  'settleExport',
  'tidyStaging',
  'deleteBatches',
  'preflight',
  'drainEarlierWrites',
]);

/** Runs one export from start to report. @throws Error unless it completes and every contact was acknowledged */
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
    censusSeconds: secondsOf(windowOf(chain, ['takeCensus'])),
    prepareSeconds: secondsOf(windowOf(chain, PREPARATION)),
    deliverSeconds: secondsOf(delivery),
    settleSeconds: secondsOf(windowOf(chain, ['settleExport'])),
    prepareRss: peakIn(memory, windowOf(chain, PREPARATION)),
    deliverRss: peakIn(memory, delivery),
    settleRss: peakIn(memory, windowOf(chain, ['settleExport'])),
    history: chain.figures,
    provider: await scene.sandbox.counted(),
    stagingPeak: disk.peak(),
    stagingAfter: await bytesIn(scene.staging),
  };
}

async function runExport(scene: Scene): Promise<{ readonly report: ExportReport; readonly chain: Chain }> {
  const { exports, temporal, options, brokenOff } = scene;
  const handle = await exports.start(DESTINATION, {
    trigger: 'bench',
    options: { lane: options.lane },
  });
  const { workflowId, firstExecutionRunId } = handle;
  if (firstExecutionRunId === undefined) throw new Error('The export was not started immediately.');
  const report = await Promise.race([resultOf(handle), brokenOff]);
  const { unproven, rejected, throttled, suppressed, not_sent: notSent } = report.outcomes;
  if (unproven + rejected + throttled + suppressed + notSent > 0)
    throw new Error(`Not every contact was acknowledged: ${JSON.stringify(report.outcomes)}`);
  return { report, chain: await readChain(temporal, workflowId, firstExecutionRunId) };
}

/** A busy worker may not answer a query. Only a worker that stays silent ends the bench. */
async function resultOf(handle: ExportHandle): Promise<ExportReport> {
  const isSilent = new AbortController();
  let silences = 0;
  return handle.result({
    signal: isSilent.signal,
    onOutage: (error) => {
      if (++silences === MAX_SILENCES) isSilent.abort(error);
    },
  });
}

/** Unix milliseconds; both are 0 when there is no window. */
interface Window {
  readonly from: number;
  readonly to: number;
}

const windowOf = ({ steps }: Chain, types: readonly string[]): Window =>
  span(steps.filter(({ type }) => types.includes(type)));

/** From the first submission to the last outcome: the steps between the plan and the settlement. */
function deliveryOf({ steps }: Chain): Window {
  const planned = steps.findLastIndex(({ type }) => type === 'planExport');
  return span(steps.slice(planned + 1).filter(({ type }) => !NO_DELIVERY.has(type)));
}

function span(steps: readonly Step[]): Window {
  if (steps.length === 0) return { from: 0, to: 0 };
  return {
    from: Math.min(...steps.map(({ started }) => started)),
    to: Math.max(...steps.map(({ completed }) => completed)),
  };
}

const secondsOf = ({ from, to }: Window): number => (to - from) / 1000;

const peakIn = (memory: Watch, { from, to }: Window): number => memory.peak(from, to);
