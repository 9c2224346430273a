import {
  Worker,
  type NativeConnection,
  type TunerHolder,
  type WorkerOptions,
  type WorkerTuner,
} from '@temporalio/worker';
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

/**
 * A host's limit of steps at once, and its targets for memory and processor, apply to ours as well. The SDK has turned the options into
 * slots. Slots that the host hands out by code of its own stay with its worker.
 */
function tunerOf({ options }: Worker): WorkerTuner {
  const { activityTaskSlotSupplier: slots, resourceBasedTunerConfig: targets } = options.tuner;
  const one = { type: 'fixed-size', numSlots: 1 } as const;
  const activities = (activityTaskSlotSupplier: WorkerSlots): WorkerTuner => ({
    activityTaskSlotSupplier,
    workflowTaskSlotSupplier: one,
    localActivityTaskSlotSupplier: one,
    nexusTaskSlotSupplier: one,
  });
  const fixed = (slots: number) => activities({ type: 'fixed-size', numSlots: Math.min(MAX_STEPS, slots) });
  if (slots.type === 'fixed-size') return fixed(slots.numSlots);
  if (slots.type === 'custom') return fixed(MAX_STEPS);
  if (targets?.type !== 'options') return fixed(slots.maximumSlots);
  return activities({
    type: 'resource-based',
    tunerOptions: targets,
    minimumSlots: Math.min(MAX_STEPS, slots.minimumSlots),
    maximumSlots: Math.min(MAX_STEPS, slots.maximumSlots),
    rampThrottle: slots.rampThrottle,
  });
}

type WorkerSlots = TunerHolder['activityTaskSlotSupplier'];

async function serve(
  { storeId, activities }: StoreWorkerOptions,
  host: Worker,
  hosted: Promise<void>,
): Promise<void> {
  const taskQueue = storeQueue(await storeId);
  const { namespace, connection } = host.options;
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
      ...pollingOptions(host),
      // Then steps are cancelled: a statement or a request may take minutes, and a step that was cancelled is repeated.
      shutdownGraceTime: '1 second',
      // A step learns from the reply to a heartbeat that it was cancelled. By default, the next one may wait for 16 seconds.
      maxHeartbeatThrottleInterval: '1 second',
      tuner: tunerOf(host),
    });
    adopt(host, store);
    const served = store.run();
    void ended.then(() => stop(store));
    await served;
  } finally {
    lock?.release();
  }
}

/**
 * Who it is to the server: an operator finds the same identity, and a step of a workflow that is pinned to a build runs in that build.
 */
function pollingOptions({ options }: Worker): Partial<WorkerOptions> {
  const { identity, workerDeploymentOptions } = options;
  return { identity, ...(workerDeploymentOptions && { workerDeploymentOptions }) };
}

/**
 * Payloads and interceptors, as the host has them: payloads of a step come from the host's workflows, and interceptors trace. Not by
 * `Worker.create`, where plugins of the connection, which may have given the host some of them, would add these a second time.
 */
function adopt({ options }: Worker, store: Worker): void {
  const { dataConverter, loadedDataConverter } = options;
  const { activity, client } = options.interceptors;
  Object.assign(store.options, {
    loadedDataConverter,
    ...(dataConverter && { dataConverter }),
    interceptors: { ...store.options.interceptors, activity, ...(client && { client }) },
  });
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
