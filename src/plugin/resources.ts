import type { ActivityDependencies } from '../activities';
import { createAlerts } from '../alerts';
import type { WorkerConfig } from '../config/config';
import { secretResolver } from '../config/secrets';
import type { Alerts } from '../ports/alerts';
import type { SecretResolver } from '../ports/secrets';
import type { OpenSource, SegmentSource } from '../ports/source';
import type { StagingStore } from '../ports/staging-store';
import { openSource } from '../sources';
import { createSemaphore, downloadsOf, openStaging, scratchOf } from '../staging';
import { openBudgets } from './account-budgets';
import { type Accounts, createAccounts } from './accounts';
import { configuredStore } from './configured-store';
import { findEntry } from './find-entry';
import { requestMetrics } from './request-metrics';
import { loadTrace } from './trace';
import { tracedRequests, tracedSource, tracedStaging } from './traced';

/** One part is read from staging or unpacked while another one is being sent. */
const PARTS_IN_MEMORY = 2;

export interface Resources extends ActivityDependencies {
  /** For the check at the start of a worker. */
  readonly setup: {
    readonly accounts: readonly string[];
    readonly signIn: Accounts['signIn'];
    readonly receivers: readonly string[];
    readonly checkReceiver: Alerts['check'];
    readonly sources: readonly string[];
    readonly openSource: ActivityDependencies['openSource'];
    readonly store: StagingStore;
  };
  readonly close: () => Promise<void>;
}

/** Ports that the host fills itself. */
export interface HostPorts {
  /** Beside those of the configuration, by name. */
  readonly sources?: Readonly<Record<string, SegmentSource>>;
  /** @default that of the configuration */
  readonly store?: StagingStore | undefined;
  /** @default environment variables and files */
  readonly secrets?: SecretResolver | undefined;
  /** Base address of Temporal's Web UI, for links in alerts. @default no links */
  readonly webUi?: string | undefined;
}

export interface OpenOptions extends HostPorts {
  /** @default false */
  readonly searchAttributes?: boolean;
  /** Of a worker that runs now, whose workflows divide the connections of accounts. @default each process has its own */
  readonly taskQueue?: () => string | undefined;
}

/**
 * Opens what the steps need: the staging store, accounts and sources by name. Only this file and `configured-store.ts` decide which implementation a port gets.
 *
 * @param baseFolder where relative paths of the configuration start
 */
export async function openResources(
  config: WorkerConfig,
  baseFolder: string,
  {
    sources = {},
    secrets = secretResolver(baseFolder),
    store: given,
    webUi,
    searchAttributes = false,
    taskQueue = () => undefined,
  }: OpenOptions = {},
): Promise<Resources> {
  // That of the host is closed by the host.
  const isOurs = given === undefined;
  const store = given ?? configuredStore(config.staging, baseFolder, secrets);
  const { memoryLimit, keepDays, keepExports, forgetDeleted, workerTimeoutSeconds } = config.staging;
  const trace = loadTrace();
  const untraced = await openStaging({ store, memoryLimit });
  const staging = trace ? tracedStaging(untraced, trace) : untraced;
  const stopTidying = tidyDaily((signal) => staging.expireAll({ keepDays, keepExports }, signal));
  const slots = new Map<string, ReturnType<typeof createSemaphore>>();
  // By account: one that does not answer must not delay the others.
  const slotsOf = (account: string) => {
    const found = slots.get(account) ?? createSemaphore(PARTS_IN_MEMORY);
    slots.set(account, found);
    return found;
  };
  const observe = (account: string) =>
    trace ? tracedRequests(requestMetrics(account), account, trace) : requestMetrics(account);
  const budgets = openBudgets(taskQueue);
  const accounts = createAccounts(config.accounts, secrets, { observe, budgetOf: budgets.of });
  const allSources = { ...config.sources, ...sources };
  const openUntraced = async (name: string): Promise<OpenSource> => {
    const source = findEntry(allSources, name, { code: 'SOURCE_NOT_FOUND', reader: 'worker' });
    if (isSegmentSource(source)) return lend(source);
    // Copies of rows are on the same disk as staging, where leftovers of killed processes are found.
    const folders = { baseFolder, scratch: scratchOf(store), downloads: downloadsOf(store) };
    return openSource(source, { ...folders, memoryLimit, secrets });
  };
  const open = async (name: string): Promise<OpenSource> => {
    const source = await openUntraced(name);
    return trace ? tracedSource(source, name, trace) : source;
  };
  const alerts = createAlerts({ receivers: config.alerts, secrets, webUi });
  return {
    staging,
    alerts,
    keepExports,
    forgetDeleted,
    searchAttributes,
    workerTimeoutSeconds,
    withPartInMemory: (account, work) => slotsOf(account)(work),
    openAccount: (name, use) => {
      budgets.noticeStep();
      return accounts.open(name, use);
    },
    openSource: open,
    setup: {
      accounts: Object.keys(config.accounts),
      signIn: accounts.signIn,
      receivers: Object.keys(config.alerts),
      checkReceiver: alerts.check,
      sources: Object.keys(allSources),
      openSource: open,
      store,
    },
    close: async () => {
      stopTidying();
      await accounts.close();
      await staging.close();
      if (isOurs) store.close?.();
    },
  };
}

/** Whether it is an instance of the host, not a section of the configuration. */
export function isSegmentSource(source: unknown): source is SegmentSource {
  return (
    typeof source === 'object' &&
    source !== null &&
    'extract' in source &&
    typeof source.extract === 'function'
  );
}

/** A step closes what it opens; this source belongs to the host and serves all steps. */
function lend(source: SegmentSource): OpenSource {
  return {
    describe: (call) => source.describe(call),
    check: (call) => source.check(call),
    extract: (request) => source.extract(request),
    version: async (request) => source.version?.(request),
    // The port has no way to ask for all problems: the first one shows when it is described.
    findProblems: async (call) => {
      await source.describe(call);
      return [];
    },
    close: async () => {},
  };
}

const DAY_MS = 24 * 60 * 60_000;

/** By then, the worker takes steps: a store of a thousand destinations takes a while to look through. */
const FIRST_TIDYING_MS = 10_000;

/** Soon and every day: row files must not outlive their time when nothing is exported any longer. @returns what ends it */
function tidyDaily(tidy: (signal: AbortSignal) => Promise<void>): () => void {
  const stopped = new AbortController();
  // Files that cannot be deleted today may be deleted tomorrow, and exports do not depend on it.
  const tryTo = () => void tidy(stopped.signal).catch(() => undefined);
  const timers = [setTimeout(tryTo, FIRST_TIDYING_MS), setInterval(tryTo, DAY_MS)];
  for (const timer of timers) timer.unref();
  return () => {
    stopped.abort();
    for (const timer of timers) clearTimeout(timer);
  };
}
