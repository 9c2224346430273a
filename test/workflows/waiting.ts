import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { pauseUpdate, progressQuery, resumeUpdate } from '../../src/workflows/messages';
import { postsTo } from '../support/mailchimp';
import { AUDIENCE, CROWD, CROWD_MEMBERS } from '../support/stage';
import { HOUR_MS, openSkipping, type Skipping } from './skipping';

export const DAY_MS = 24 * HOUR_MS;

/** What a wait may add to a history in one day. */
const EVENTS_A_DAY = 500;

/** A stage on which time passes by days, and what a wait adds to the histories. */
export interface Waiting extends Skipping {
  readonly exportId: string;
  readonly destinationId: string;
  view(): ReturnType<typeof viewOf>;
  /** Pauses the export. */
  pause(): Promise<unknown>;
  /** Resumes the export. */
  resume(): Promise<unknown>;
  /** Starts an export that has one batch at Mailchimp, which does not finish before `releaseBatches`. */
  startHeldUp(): Promise<void>;
  releaseBatches(): void;
  /** Passes time by days. The wait begins now. */
  pass(days: number): Promise<void>;
  /** Takes the folder of the store away while `work` runs, as an unmount would. */
  withoutStore(work: () => Promise<void>): Promise<void>;
  /** A wait by a timer: a bounded number of events in each day since it began, over at least so many runs. */
  expectBounded(workflowId: string, runs: number): Promise<void>;
  /** A wait that costs nothing. */
  expectQuiet(workflowId: string): Promise<void>;
  /** All contacts have arrived, by one batch. */
  expectDelivered(): void;
}

const viewOf = (skipping: Skipping) => skipping.exportHandle().query(progressQuery);

export async function openWaiting(): Promise<Waiting> {
  const skipping = await openSkipping();
  const { stage, environment } = skipping;
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
  let began = 0;
  const view = () => viewOf(skipping);
  const update = async (definition: typeof pauseUpdate) => {
    const { exportId } = (await view()).ref;
    return skipping
      .exportHandle()
      .executeUpdate(definition, { args: [{ ...(await skipping.envelope()), exportId }] });
  };
  const chainOf = (workflowId: string) => chainSince(skipping, workflowId, began);
  return {
    ...skipping,
    exportId: exportWorkflowId(stage.destinationId),
    destinationId: destinationWorkflowId(stage.destinationId),
    view,
    pause: () => update(pauseUpdate),
    resume: () => update(resumeUpdate),
    startHeldUp: async () => {
      await skipping.connect();
      await skipping.configure();
      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      await skipping.start({ lane: 'batch' });
      await skipping.passTimeUntil(async () => (await view()).batches === 1);
    },
    releaseBatches: () => stage.sandbox.control.set({ batchPolls: 0 }),
    pass: async (days) => {
      began = await environment.currentTimeMs();
      // In short sleeps: this server closes a connection of gRPC on which one request takes a minute.
      for (let hour = 0; hour < days * 24; hour++) await environment.sleep('1 hour');
      expect((await environment.currentTimeMs()) - began).toBeGreaterThanOrEqual(days * DAY_MS);
    },
    withoutStore: async (work) => {
      const [staging, away] = [join(stage.folder, 'staging'), join(stage.folder, 'away')];
      await rename(staging, away);
      try {
        await work();
      } finally {
        await rename(away, staging);
      }
    },
    expectBounded: async (workflowId, runs) => {
      const chain = await chainOf(workflowId);
      expect(Math.max(...chain.eventsADay)).toBeLessThanOrEqual(EVENTS_A_DAY);
      expect(chain.runs).toBeGreaterThanOrEqual(runs);
    },
    expectQuiet: async (workflowId) => {
      const { eventsADay } = await chainOf(workflowId);
      expect(eventsADay.reduce((sum, count) => sum + count, 0)).toBeLessThan(100);
    },
    expectDelivered: () => {
      expect(stage.sandbox.state(AUDIENCE).members).toBe(8);
      expect(postsTo(stage.sandbox, '/batches')).toBe(1);
    },
  };
}

interface Chain {
  readonly runs: number;
  readonly eventsADay: readonly number[];
}

/** What the runs of a workflow that continued each other have added to their histories since a time. */
async function chainSince({ environment }: Skipping, workflowId: string, sinceMs: number): Promise<Chain> {
  const eventsADay = new Map<number, number>();
  let runs = 0;
  let runId: string | undefined;
  do {
    const { events } = await environment.client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { eventTime } of events ?? []) {
      const day = Math.floor((Number(eventTime?.seconds) * 1000 - sinceMs) / DAY_MS);
      if (day >= 0) eventsADay.set(day, (eventsADay.get(day) ?? 0) + 1);
    }
    runs += 1;
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  } while (runId !== undefined);
  return { runs, eventsADay: [...eventsADay.values()] };
}
