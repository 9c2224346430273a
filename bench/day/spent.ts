import { setTimeout as delay } from 'node:timers/promises';
import { billedActions } from '../billed';
import type { Fleet } from './fleet';

/** What a piece of work has cost in all workflows together. */
export interface Spent {
  /** Events of all histories. */
  readonly events: number;
  /** What Temporal Cloud bills, without heartbeats. */
  readonly actions: number;
  /** Of `actions`. */
  readonly queries: number;
  /** Billed as well: one for each second that a step takes, so they depend on the machine. */
  readonly heartbeats: number;
}

/** How long nothing may happen until the work counts as done: a destination goes on for a moment after its export has ended. */
const STILL_MS = 1_500;

const READ_AT_ONCE = 8;

/** Adds up what the workflows of a fleet cost, from their histories and the counters of the server. */
export class Meter {
  readonly #fleet: Fleet;
  /** By run id: a closed run does not change. */
  readonly #closed = new Map<string, { readonly events: number; readonly actions: number }>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  async of(work: () => Promise<unknown>): Promise<Spent> {
    const before = await this.total();
    await work();
    const after = await this.total();
    return {
      events: after.events - before.events,
      actions: after.actions - before.actions,
      queries: after.queries - before.queries,
      heartbeats: after.heartbeats - before.heartbeats,
    };
  }

  /** Since the server was started; once nothing happens. */
  async total(): Promise<Spent> {
    const counters = await this.#still();
    const queries = counters.get('grpc_QueryWorkflow') ?? 0;
    const heartbeats = counters.get('grpc_RecordActivityTaskHeartbeat') ?? 0;
    const { events, actions } = await this.#histories();
    return { events, actions: actions + queries, queries, heartbeats };
  }

  /** The server's own count, without what it counts and Temporal Cloud does not bill: changes of memos, and the upserts of `patched`. */
  async actionsOfServer(): Promise<number> {
    const unbilled = ['command_ModifyWorkflowProperties', 'command_UpsertWorkflowSearchAttributes'];
    const counters = [...(await this.#still())].filter(([kind]) => !unbilled.includes(kind));
    return counters.reduce((sum, [, number]) => sum + number, 0);
  }

  /** The server's own counts of actions, by kind. Of these, only what is in no history is used: the server counts some that are not billed. */
  async #still(): Promise<ReadonlyMap<string, number>> {
    for (let before = ''; ;) {
      const text = await this.#metrics();
      if (text === before) return countersIn(text);
      before = text;
      await delay(STILL_MS);
    }
  }

  async #metrics(): Promise<string> {
    const reply = await fetch(this.#fleet.metricsUrl);
    const lines = (await reply.text()).split('\n');
    return lines.filter((line) => line.startsWith('action{') && line.includes('"default"')).join('\n');
  }

  async #histories(): Promise<{ readonly events: number; readonly actions: number }> {
    const { workflow } = this.#fleet.temporal;
    const sum = { events: 0, actions: 0 };
    const running: Promise<void>[] = [];
    const add = async (workflowId: string, runId: string, isClosed: boolean) => {
      const found = this.#closed.get(runId) ?? (await this.#read(workflowId, runId));
      if (isClosed) this.#closed.set(runId, found);
      sum.events += found.events;
      sum.actions += found.actions;
    };
    for await (const { workflowId, runId, status } of workflow.list({ query: `TaskQueue = 'mailchimp'` })) {
      running.push(add(workflowId, runId, status.name !== 'RUNNING'));
      if (running.length >= READ_AT_ONCE) await Promise.all(running.splice(0));
    }
    await Promise.all(running);
    return sum;
  }

  async #read(workflowId: string, runId: string) {
    const { events } = await this.#fleet.temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    return { events: events?.length ?? 0, actions: billedActions(events ?? []) };
  }
}

function countersIn(text: string): Map<string, number> {
  const counters = new Map<string, number>();
  for (const line of text.split('\n')) {
    const kind = /action_type="([^"]+)"/.exec(line)?.[1];
    if (kind) counters.set(kind, (counters.get(kind) ?? 0) + Number(line.slice(line.lastIndexOf(' '))));
  }
  return counters;
}
