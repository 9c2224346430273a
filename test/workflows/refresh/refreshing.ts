import { randomUUID } from 'node:crypto';
import type { ConnectInput } from '../../../src/client';
import type { RefreshedDestination, RefreshInput, RefreshReport } from '../../../src/contract/refresh';
import type { mailchimpRefresh } from '../../../src/workflows';
import {
  AUDIENCE_SEED,
  CONNECT,
  CONFIGURE,
  openStage,
  person,
  type Stage,
  type StageOptions,
} from '../../support/stage';

/** Several destinations, each with an audience of its own. */
export interface Refreshing {
  readonly stage: Stage;
  /** Their names, sorted. */
  readonly names: readonly string[];
  audienceOf(name: string): string;
  /** Connects and configures all of them, or those that are named. */
  prepare(names?: readonly string[], change?: Partial<ConnectInput>): Promise<void>;
  /** Starts a refresh; by default of all. */
  start(input?: Partial<RefreshInput>): ReturnType<typeof startRefresh>;
  /** Runs a refresh to its end. */
  refresh(input?: Partial<RefreshInput>): Promise<RefreshReport>;
  close(): Promise<void>;
}

export async function openRefreshing(count: number, options: StageOptions = {}): Promise<Refreshing> {
  const audiences = Array.from({ length: count }, (_, index) => `c417f1${String(index).padStart(4, '0')}`);
  const stage = await openStage({
    ...options,
    sandbox: { audiences: audiences.map((id) => ({ ...AUDIENCE_SEED, id })), ...options.sandbox },
  });
  const names = audiences.map((_, index) => `${stage.destinationId}-${String(index).padStart(4, '0')}`);
  const audienceOf = (name: string) => audiences[names.indexOf(name)]!;
  await stage.writeProfiles([person(1), person(2)]);
  await stage.writeMembers([
    [person(1).id, 'vip'],
    [person(2).id, 'north'],
  ]);
  const start = (input: Partial<RefreshInput> = {}) =>
    startRefresh(stage, { targets: { all: true }, ...input });
  return {
    stage,
    names,
    audienceOf,
    prepare: async (chosen = names, change = {}) => {
      for (const name of chosen) {
        await stage.client.connect(name, { ...CONNECT, audienceId: audienceOf(name), ...change });
        await stage.client.configure(name, CONFIGURE);
      }
    },
    start,
    refresh: async (input) => (await start(input)).result(),
    close: () => stage.close(),
  };
}

function startRefresh(stage: Stage, input: RefreshInput) {
  return stage.temporal.workflow.start<typeof mailchimpRefresh>('mailchimpRefresh', {
    taskQueue: stage.taskQueue,
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
