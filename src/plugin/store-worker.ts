import { Worker, type NativeConnection } from '@temporalio/worker';
import { storeQueue } from '../contract/identifiers';

export interface StoreWorkerOptions {
  /** Known when the store is open. */
  readonly storeId: Promise<string>;
  readonly activities: object;
}

/** The host's worker, and what runs it. */
export interface HostWorker {
  readonly worker: Worker;
  readonly run: () => Promise<void>;
}

/**
 * Runs a worker for the steps of one staging store for as long as the host's worker runs. When either ends, the other is stopped: a
 * host that polls without its store would leave exports waiting. Returns when both have ended, also at a signal, which reaches both.
 */
export async function runStoreWorker(options: StoreWorkerOptions, host: HostWorker): Promise<void> {
  // Before anything is awaited: a worker that does not run yet refuses to stop, and would run for ever.
  const hosted = host.run();
  const ends = await Promise.allSettled([
    hosted,
    serve(options, host.worker, hosted).finally(() => stop(host.worker)),
  ]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Steps of all exports of a store at once: more would exceed the memory and Mailchimp's limit of connections. */
const MAX_STEPS = 16;

/** A host's limit of steps at once applies to ours as well. The SDK has turned the option into slots. */
function maxSteps({ options }: Worker): number {
  const { activityTaskSlotSupplier: slots } = options.tuner;
  return slots.type === 'fixed-size' ? Math.min(MAX_STEPS, slots.numSlots) : MAX_STEPS;
}

async function serve(
  { storeId, activities }: StoreWorkerOptions,
  host: Worker,
  hosted: Promise<void>,
): Promise<void> {
  const taskQueue = storeQueue(await storeId);
  // The payloads of its steps come from the host's workflows: it must read and write them as the host does.
  const { namespace, connection, dataConverter } = host.options;
  const turn = connection && acquireQueue(connection, `${namespace}/${taskQueue}`);
  try {
    const ended = hosted.then(
      () => true,
      () => true,
    );
    const isOver = await Promise.race([turn?.begins.then(() => false) ?? false, ended]);
    if (isOver) return;
    const store = await Worker.create({
      taskQueue,
      namespace,
      activities,
      ...(connection && { connection }),
      ...(dataConverter && { dataConverter }),
      shutdownGraceTime: '10 seconds',
      maxConcurrentActivityTaskExecutions: maxSteps(host),
    });
    const served = store.run();
    void ended.then(() => stop(store));
    await served;
  } finally {
    turn?.end();
  }
}

function stop(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

interface Turn {
  /** Resolves when all earlier ones have ended. */
  readonly begins: Promise<void>;
  readonly end: () => void;
}

const lines = new WeakMap<NativeConnection, Map<string, Promise<void>>>();

/**
 * A connection takes one worker a queue, and fails the second. Plugins of one process that share a connection therefore take turns:
 * the worker of the first serves all of them, and when it ends the next one takes over.
 */
function acquireQueue(connection: NativeConnection, queue: string): Turn {
  const line = lines.get(connection) ?? new Map<string, Promise<void>>();
  lines.set(connection, line);
  const begins = line.get(queue) ?? Promise.resolve();
  let end!: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  line.set(
    queue,
    begins.then(() => ended),
  );
  return { begins, end };
}
