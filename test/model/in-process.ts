import { standIns } from './without-temporal';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { jest } from '@jest/globals';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  noopMetricMeter,
  TypedSearchAttributes,
  type Duration,
} from '@temporalio/common';
import { msToNumber } from '@temporalio/common/lib/time';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { STEP_ATTEMPTS } from '../../src/contract/export';

/**
 * Workflow code without a Temporal server: what `@temporalio/workflow` is replaced by where hundreds of exports run. Steps run at
 * once, and time passes only when nothing else can run. One workflow at a time.
 */
type Step = (input: unknown) => Promise<unknown>;
export type Steps = Readonly<Record<string, Step>>;

interface Running {
  readonly steps: Steps;
  /** Called before each step; may cancel. */
  readonly before: (name: string, input: unknown) => void;
  readonly after: (name: string, input: unknown, result: unknown) => void;
  /** Called when nothing can run, before time passes. True: something can run now. */
  readonly whenIdle: () => boolean;
  readonly root: CancellationScope;
  readonly handlers: Map<string, (...args: unknown[]) => unknown>;
  stepsAtWork: number;
}

let running: Running | undefined;

function now(): Running {
  if (!running) throw new Error('no workflow is running');
  return running;
}

type Begin = Omit<Running, 'root' | 'handlers' | 'stepsAtWork'>;

/** Runs a workflow to its end, as often as it continues as new. */
export async function runWorkflow<Result>(
  begin: Begin,
  workflow: (...args: never[]) => Promise<Result>,
  ...args: unknown[]
): Promise<Result> {
  for (let given = args; ;) {
    const root = new CancellationScope({ parent: null });
    running = { ...begin, root, handlers: new Map(), stepsAtWork: 0 };
    const ended = root.run(() => (workflow as (...args: unknown[]) => Promise<Result>)(...given));
    try {
      return await Promise.race([ended, passTime(ended)]);
    } catch (error) {
      if (!(error instanceof ContinueAsNew)) throw error;
      given = error.args;
    }
  }
}

export function cancelWorkflow(): void {
  now().root.cancel();
}

/** Sends a query or an update to the workflow, by name. */
export function ask(name: string, ...args: unknown[]): unknown {
  return now().handlers.get(name)?.(...args);
}

const waiting = new Set<{ readonly deadline: number }>();

async function passTime(ended: Promise<unknown>): Promise<never> {
  const life = { isOver: false };
  const end = () => {
    life.isOver = true;
  };
  ended.then(end, end);
  for (let idle = 0; !life.isOver; idle++) {
    await nextTurn();
    if (now().stepsAtWork > 0 || now().whenIdle()) idle = 0;
    if (idle < 4) continue;
    const next = Math.min(...[...waiting].map(({ deadline }) => deadline));
    if (next === Infinity) throw new Error('the workflow waits for something that never happens');
    jest.setSystemTime(Math.max(next, Date.now()));
    idle = 0;
  }
  return new Promise(() => undefined);
}

class ContinueAsNew extends Error {
  readonly args: unknown[];

  constructor(args: unknown[]) {
    super('continue as new');
    this.args = args;
  }
}

class CancellationScope {
  static readonly #current = new AsyncLocalStorage<CancellationScope>();
  static current = () => CancellationScope.#current.getStore() ?? now().root;
  static cancellable = <Result>(work: () => Promise<Result>) => new CancellationScope().run(work);
  static nonCancellable = <Result>(work: () => Promise<Result>) =>
    new CancellationScope({ parent: null }).run(work);

  readonly cancelRequested: Promise<never>;
  #isCancelled = false;
  readonly #parent: CancellationScope | null;
  #reject!: (reason: Error) => void;

  constructor({ parent = CancellationScope.current() }: { parent?: CancellationScope | null } = {}) {
    this.cancelRequested = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.cancelRequested.catch(() => undefined);
    this.#parent = parent;
    if (parent?.isCancelled) this.cancel();
    parent?.cancelRequested.catch(() => this.cancel());
  }

  get isCancelled(): boolean {
    return this.#isCancelled || this.#parent?.isCancelled === true;
  }

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    return CancellationScope.#current.run(this, work);
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#reject(new CancelledFailure('cancelled'));
  }
}

async function condition(isMet: () => boolean, timeout?: Duration): Promise<boolean | void> {
  const scope = CancellationScope.current();
  const deadline = timeout === undefined ? Infinity : Date.now() + msToNumber(timeout);
  const waiter = { deadline };
  waiting.add(waiter);
  try {
    for (;;) {
      if (scope.isCancelled) throw new CancelledFailure('cancelled');
      if (isMet()) return timeout === undefined ? undefined : true;
      if (Date.now() >= deadline) return false;
      await nextTurn();
    }
  } finally {
    waiting.delete(waiter);
  }
}

async function sleep(duration: Duration): Promise<void> {
  await condition(() => false, duration);
}

function stepCalled(name: string) {
  return Object.assign((input: unknown) => runStep(name, input), {
    executeWithOptions: (_: unknown, [input]: unknown[]) => runStep(name, input),
  });
}

const SILENT = new DefaultLogger('ERROR', () => undefined);

async function runStep(name: string, input: unknown): Promise<unknown> {
  const scope = CancellationScope.current();
  const { steps, before, after } = now();
  before(name, input);
  if (scope.isCancelled) throw new CancelledFailure('cancelled');
  now().stepsAtWork += 1;
  try {
    const result = asPayload(await tryStep(steps[name]!, asPayload(input), scope));
    after(name, input, result);
    return result;
  } catch (error) {
    throw new ActivityFailure(
      'Activity task failed',
      name,
      undefined,
      'NON_RETRYABLE_FAILURE',
      undefined,
      error as Error,
    );
  } finally {
    now().stepsAtWork -= 1;
  }
}

async function tryStep(step: Step, input: unknown, scope: CancellationScope): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const environment = new MockActivityEnvironment({ attempt }, { logger: SILENT });
    scope.cancelRequested.catch(() => environment.cancel());
    try {
      return await environment.run(step, input);
    } catch (error) {
      const isTransient = error instanceof ApplicationFailure && !error.nonRetryable;
      if (!isTransient || attempt === STEP_ATTEMPTS) throw error;
    }
  }
}

/** A step that no workflow asks for. */
export function callStep(step: Step, input: unknown): Promise<unknown> {
  return tryStep(step, asPayload(input), new CancellationScope({ parent: null })).then(asPayload);
}

/** Everything that passes between workflow and step passes as JSON. */
function asPayload(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

Object.assign(standIns, {
  CancellationScope,
  ContinueAsNew,
  condition,
  sleep,
  proxyActivities: () => new Proxy({}, { get: (_, name) => stepCalled(String(name)) }),
  setHandler: ({ name }: { name: string }, handler: (...args: unknown[]) => unknown) =>
    now().handlers.set(name, handler),
  patched: () => true,
  workflowInfo: () => ({
    continueAsNewSuggested: false,
    taskQueue: 'test',
    typedSearchAttributes: new TypedSearchAttributes(),
  }),
  makeContinueAsNewFunc:
    () =>
    (...args: unknown[]) =>
      Promise.reject(new ContinueAsNew(args.map(asPayload))),
  allHandlersFinished: () => true,
  setCurrentDetails: () => undefined,
  metricMeter: noopMetricMeter,
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
});
