import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExportReport } from '../../src/client';
import { thisMachine } from '../machine';
import { reconcile } from '../reconcile';
import { type Fleet, type FleetOptions, openFleet } from './open-fleet';

/** What the exports of several accounts take, side by side, on several workers, of which one is killed every minute. */
export interface FleetFigures {
  readonly machine: ReturnType<typeof thisMachine>;
  /** Date. */
  readonly at: string;
  /** Of the whole machine, over the last 15 minutes. */
  readonly load: number;
  readonly profiles: number;
  readonly accounts: number;
  readonly workers: number;
  readonly operationMs: number;
  /** From the first start to the last report. */
  readonly seconds: number;
  /** Of the largest audience: the fewest operations that take its contacts, one after the other. */
  readonly necessarySeconds: number;
  readonly kills: number;
  /** Workers that were replaced, one after the other, in the middle. */
  readonly replaced: number;
  /** Contacts that were compared with the source, of all audiences; none of them differs. */
  readonly compared: number;
  /** Of the worker process with the most. */
  readonly peakRss: number;
}

const KILL_EVERY_MS = 60_000;

/** Mailchimp's limit. */
const CONTACTS_OF_OPERATION = 500;

export async function measureFleet(
  options: FleetOptions,
  say: (line: string) => void,
): Promise<FleetFigures> {
  const fleet = await openFleet(options);
  try {
    const { accounts, workers, profiles, operationMs } = options;
    say(`${accounts} accounts with ${profiles} profiles each, ${workers} workers: exports`);
    const start = performance.now();
    const trouble = new AbortController();
    const troubled = makeTrouble(fleet, middleOf(options), { signal: trouble.signal, say });
    const reports = await Promise.all(
      fleet.accounts.map(async ({ destinationId }) => {
        const handle = await fleet.exports.start(destinationId, {
          trigger: 'bench',
          options: { lane: 'batch' },
        });
        const report = await handle.result();
        say(`  ${destinationId}: ${report.status}, ${describe(report)}`);
        return report;
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    trouble.abort();
    const { kills, replaced } = await troubled;
    for (const report of reports) requireAcknowledged(report);
    let compared = 0;
    let most = 0;
    for (const { sandbox } of fleet.accounts) {
      const contacts = await reconcile({ ...fleet, sandbox }, 0);
      compared += contacts;
      most = Math.max(most, contacts);
    }
    for (const worker of fleet.workers) await worker.stop();
    return {
      machine: thisMachine(),
      at: new Date().toISOString().slice(0, 10),
      load: loadavg()[2] ?? 0,
      profiles,
      accounts,
      workers,
      operationMs,
      seconds,
      necessarySeconds: (Math.ceil(most / CONTACTS_OF_OPERATION) * operationMs) / 1000,
      kills,
      replaced,
      compared,
      peakRss: Math.max(...fleet.workers.map((worker) => worker.peakRss())),
    };
  } finally {
    await fleet.close();
  }
}

function describe({ outcomes, durationMs }: ExportReport): string {
  return `${outcomes.created + outcomes.updated} acknowledged in ${(durationMs / 1000).toFixed(0)} s`;
}

function requireAcknowledged({ outcomes }: ExportReport): void {
  const { unproven, rejected, throttled, suppressed, not_sent: notSent } = outcomes;
  if (unproven + rejected + throttled + suppressed + notSent > 0)
    throw new Error(`Not every contact was acknowledged: ${JSON.stringify(outcomes)}`);
}

/** About half of the time that the operations need. */
function middleOf({ profiles, operationMs }: FleetOptions): number {
  return (profiles / CONTACTS_OF_OPERATION) * operationMs * 0.5;
}

interface Troubling {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Kills a worker every minute, and replaces all of them, one after the other, in the middle. */
async function makeTrouble(
  { workers }: Fleet,
  middleMs: number,
  { signal, say }: Troubling,
): Promise<{ readonly kills: number; readonly replaced: number }> {
  const start = performance.now();
  let kills = 0;
  let replaced = 0;
  for (;;) {
    await delay(KILL_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return { kills, replaced };
    if (replaced === 0 && performance.now() - start >= middleMs) {
      say('  every worker is replaced, one after the other');
      for (const worker of workers) {
        await worker.stop();
        await worker.start();
        replaced += 1;
      }
      continue;
    }
    const worker = workers[kills % workers.length]!;
    say(`  worker ${(kills % workers.length) + 1} is killed`);
    await worker.kill();
    await worker.start();
    kills += 1;
  }
}
