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
  // Before anything is awaited: a worker that does not run yet refuses to stop, and would never end.
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
  const lock = connection && lockQueue(connection, `${namespace}/${taskQueue}`);
  try {
    const ended = hosted.then(
      () => true,
      () => true,
    );
    const isOver = await Promise.race([lock?.acquired.then(() => false) ?? false, ended]);
    if (isOver) return;
    const store = await Worker.create({
      taskQueue,
      namespace,
      activities,
      ...(connection && { connection }),
      ...(dataConverter && { dataConverter }),
      // Then steps are cancelled: a statement or a request may take minutes, and a step that was cancelled is repeated.
      shutdownGraceTime: '1 second',
      // A step learns from the reply to a heartbeat that it was cancelled. By default, the next one may wait for 16 seconds.
      maxHeartbeatThrottleInterval: '1 second',
      maxConcurrentActivityTaskExecutions: maxSteps(host),
    });
    // As the host has them: tracing, for example. Not by `Worker.create`, where plugins of the connection, which may have given the host
    // some of them, would add these a second time.
    store.options.interceptors.activity.splice(0, Infinity, ...host.options.interceptors.activity);
    const served = store.run();
    void ended.then(() => stop(store));
    await served;
  } finally {
    lock?.release();
  }
}

function stop(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

interface QueueLock {
  /** Resolves when all earlier locks of the queue are released. */
  readonly acquired: Promise<void>;
  readonly release: () => void;
}

const queues = new WeakMap<NativeConnection, Map<string, Promise<void>>>();

/**
 * The SDK refuses a second worker for a task queue on the same connection. Plugins of one process that share a connection therefore
 * take turns: the worker of the first serves all of them, and when it ends the next one starts its own.
 */
function lockQueue(connection: NativeConnection, queue: string): QueueLock {
  const locked = queues.get(connection) ?? new Map<string, Promise<void>>();
  queues.set(connection, locked);
  const acquired = locked.get(queue) ?? Promise.resolve();
  let release!: () => void;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  locked.set(
    queue,
    acquired.then(() => released),
  );
  return { acquired, release };
}
