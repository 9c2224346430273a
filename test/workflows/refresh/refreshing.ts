import { randomUUID } from 'node:crypto';
import type { ConnectInput } from '../../../src/client';
import type { RefreshedDestination, RefreshInput, RefreshReport } from '../../../src/contract/refresh';
import type { mailchimpRefresh } from '../../../src/workflows';
import {
  AUDIENCE_SEED,
  CONFIGURE,
  CONNECT,
  openStage,
  person,
  type Stage,
  type StageOptions,
} from '../../support/stage';
import { until } from '../../support/until';

/** Several destinations, each with an audience of its own. */
export interface Refreshing {
  readonly stage: Stage;
  /** Their names, sorted. */
  readonly names: readonly string[];
  audienceOf(name: string): string;
  connect(name: string, change?: Partial<ConnectInput>): Promise<void>;
  /** Connects and configures all of them, or those that are named. */
  prepare(names?: readonly string[], change?: Partial<ConnectInput>): Promise<void>;
  /** Waits until the server lists all of them. */
  untilListed(): Promise<unknown>;
  /** Starts a refresh; by default of all. */
  start(input?: Partial<RefreshInput>): ReturnType<typeof startRefresh>;
  /** Runs a refresh to its end. */
  refresh(input?: Partial<RefreshInput>): Promise<RefreshReport>;
  /** How many exports have run at the same time, by their reports. */
  mostAtOnce(): Promise<number>;
  close(): Promise<void>;
}

export async function openRefreshing(count: number, options: StageOptions = {}): Promise<Refreshing> {
  const audiences = Array.from({ length: count }, (_, index) => `c417f1${String(index).padStart(4, '0')}`);
  const stage = await openStage({
    ...options,
    sandbox: { audiences: audiences.map((id) => ({ ...AUDIENCE_SEED, id })), ...options.sandbox },
  });
  const { client } = stage;
  const names = audiences.map((_, index) => `${stage.destinationId}-${String(index).padStart(4, '0')}`);
  const audienceOf = (name: string) => audiences[names.indexOf(name)]!;
  await stage.writeProfiles([person(1), person(2)]);
  await stage.writeMembers([
    [person(1).id, 'vip'],
    [person(2).id, 'north'],
  ]);
  const connect = async (name: string, change: Partial<ConnectInput> = {}) => {
    await client.connect(name, { ...CONNECT, audienceId: audienceOf(name), ...change });
  };
  const start = (input: Partial<RefreshInput> = {}) =>
    startRefresh(stage, { targets: { all: true }, ...input });
  return {
    stage,
    names,
    audienceOf,
    connect,
    prepare: async (chosen = names, change = {}) => {
      for (const name of chosen) {
        await connect(name, change);
        await client.configure(name, CONFIGURE);
      }
    },
    untilListed: () =>
      until(async () => {
        const listed = new Set((await client.list()).map(({ destinationId }) => destinationId));
        return names.every((name) => listed.has(name));
      }),
    start,
    refresh: async (input) => (await start(input)).result(),
    mostAtOnce: async () => {
      const views = await Promise.all(names.map((name) => client.describe(name)));
      const spans = views.flatMap(({ exports }) =>
        exports.map(({ startedAt, durationMs }) => {
          const from = Date.parse(startedAt);
          return { from, to: from + durationMs };
        }),
      );
      return Math.max(
        ...spans.map(({ from }) => spans.filter((one) => one.from <= from && from < one.to).length),
      );
    },
    close: () => stage.close(),
  };
}

export function startRefresh(
  { temporal, taskQueue }: Pick<Stage, 'temporal' | 'taskQueue'>,
  input: RefreshInput,
) {
  return temporal.workflow.start<typeof mailchimpRefresh>('mailchimpRefresh', {
    taskQueue,
    workflowId: `refresh-${randomUUID()}`,
    args: [input],
  });
}

/** The line of each destination, in short: "exported", "skipped: not_found". */
export function inShort({ destinations }: RefreshReport): string[] {
  return destinations.map(({ result, skipped, hasJoined }) =>
    [result, skipped, hasJoined && 'joined'].filter(Boolean).join(': '),
  );
}

export function lineOf({ destinations }: RefreshReport, name: string): RefreshedDestination | undefined {
  return destinations.find(({ destinationId }) => destinationId === name);
}
