import './one-sdk';
import { readFileSync } from 'node:fs';
import { NativeConnection, Worker, type BundleOptions, type WorkerOptions } from '@temporalio/worker';
import { SimplePlugin } from '@temporalio/plugin';
import { createActivities, type Activities } from '../activities';
import { STORE_QUEUE_PREFIX } from '../contract/identifiers';
import { ExportError } from '../errors';
import { withLogFields } from './log-fields';
import { type MailchimpPluginOptions, type PluginSettings, readOptions } from './options';
import { reportSetup, type SetupCheck } from './report-setup';
import { openResources, type Resources } from './resources';
import { runStoreWorker } from './store-worker';
import { requireOurBundle, requireOurWorkflows } from './check-bundle';
import { requireOurSdk } from './check-sdk';
import { declareVersioning, declareWhenBundling, usesVersioning } from './declare-versioning';

/**
 * Makes a Temporal Worker export customer segments to Mailchimp.
 *
 * Registers the workflows (`mailchimpDestination`, `mailchimpExport`, `mailchimpPlan`, `mailchimpRefresh`, `mailchimpExportSegments`, `mailchimpAlert`, `mailchimpAccount`) and the activities (`mailchimp.*`), opens the staging store when
 * the worker runs and closes it with the worker. A second worker runs beside the host's, on the queue of the staging store
 * (`mailchimp-store-<id>`): rows are in a folder, so their steps run where the folder is.
 *
 * A host with workflows of its own adds `export * from 'temporal-mailchimp/workflows'` to its workflow file; without that, the
 * worker does not start. A host without workflows needs nothing.
 *
 * In a worker that uses worker versioning, destinations, refreshes and budgets of accounts are auto-upgrade, whatever the host's default is, since they live
 * longer than any build; exports and plans are as the default says. The store's worker is of the same deployment version.
 *
 * When the worker starts, accounts, sources and the store are checked once. Each problem is one line in the log of the SDK's runtime, at
 * WARN, and the worker runs.
 *
 * One worker takes one plugin, on the worker or on its connection; several workers may share it.
 *
 * @throws ExportError CONFIG_INVALID from the constructor, and from `Worker.create` for a second plugin or an activity with a name of
 * ours; BUNDLE_MISMATCH from `Worker.create` and `bundleWorkflowCode`; TEMPORAL_SDK_MISMATCH from `Worker.create` or `worker.run()` when another
 * copy of the Temporal SDK made connection or worker (when that copy is loaded first, from the import of this package); from
 * `worker.run()` when the store cannot be opened
 * @example
 * ```ts
 * import { Worker } from '@temporalio/worker';
 * import { MailchimpPlugin } from 'temporal-mailchimp';
 *
 * const plugin = new MailchimpPlugin({
 *   accounts: { main: { apiKey: 'env:MAILCHIMP_API_KEY' } },
 *   sources: {
 *     shop: {
 *       kind: 'files',
 *       profiles: { path: 'customers.csv', key: 'CustomerId' },
 *       segments: { vip: { name: 'VIP', sql: 'SELECT CustomerId FROM profiles WHERE CAST(Spent AS DOUBLE) > 40' } },
 *     },
 *   },
 *   staging: { folder: '/var/lib/mailchimp-staging' },
 * });
 * const worker = await Worker.create({ taskQueue: 'mailchimp', plugins: [plugin] });
 * await worker.run();
 * ```
 */
export class MailchimpPlugin extends SimplePlugin {
  // Private to the runtime too: the SDK logs a worker's options with their plugins, and a resolver of the host may contain secrets.
  readonly #settings: PluginSettings;
  readonly #activities: Activities;
  #resources: Promise<Resources> | undefined;
  #setupCheck: SetupCheck | undefined;
  #users = 0;
  /** Of the workers that run. */
  readonly #taskQueues: string[] = [];

  constructor(options: MailchimpPluginOptions) {
    super({
      name: 'temporal-mailchimp.MailchimpPlugin',
      workflowsPath: (host) => host ?? require.resolve('../workflows'),
    });
    this.#settings = readOptions(options);
    this.#activities = createActivities(() => this.requireResources());
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    // Our own second worker, when the plugin sits on the connection as well.
    if (options.taskQueue?.startsWith(STORE_QUEUE_PREFIX)) return options;
    if (options.connection) requireOurSdk(options.connection, NativeConnection);
    const plugins = this.onlyOnce(options.plugins);
    if (options.workflowBundle) requireOurBundle(readBundle(options.workflowBundle));
    const configured = options.workflowBundle ? options : super.configureWorker(options);
    const workflows = usesVersioning(options) ? declaringVersioning(configured) : configured;
    return {
      ...workflows,
      plugins,
      activities: this.besideOurs(options.activities),
      interceptors: withLogFields(workflows.interceptors),
    };
  }

  override configureBundler(options: BundleOptions): BundleOptions {
    return requireOurWorkflows(super.configureBundler(options));
  }

  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    requireOurSdk(worker, Worker);
    const { taskQueue } = worker.options;
    if (taskQueue.startsWith(STORE_QUEUE_PREFIX)) return next(worker);
    this.#taskQueues.push(taskQueue);
    const storeId = this.open().then(({ staging }) => staging.storeId);
    try {
      await runStoreWorker({ storeId, activities: this.#activities }, { worker, run: () => next(worker) });
    } finally {
      this.#taskQueues.splice(this.#taskQueues.indexOf(taskQueue), 1);
      await this.close();
    }
  }

  /** A plugin on both connection and worker is listed twice, and would open everything twice. */
  private onlyOnce(plugins: WorkerOptions['plugins'] = []): NonNullable<WorkerOptions['plugins']> {
    if (plugins.some((plugin) => plugin !== this && plugin.name === this.name)) {
      throw new ExportError(
        'CONFIG_INVALID',
        'The worker has two different MailchimpPlugins, perhaps one on its connection. Give it one, with all accounts and sources.',
      );
    }
    return plugins.filter((plugin, index) => plugin !== this || plugins.indexOf(plugin) === index);
  }

  private besideOurs(theirs: object = {}): object {
    const ours: object = this.#activities;
    const clash = Object.entries(theirs).find(
      ([name, activity]) => name in ours && activity !== Reflect.get(ours, name),
    );
    if (!clash) return { ...theirs, ...ours };
    throw new ExportError(
      'CONFIG_INVALID',
      `The worker registers an activity "${clash[0]}", which is a name of MailchimpPlugin's own. Give yours another name.`,
    );
  }

  private open(): Promise<Resources> {
    this.#users += 1;
    const { config, baseFolder, ports, searchAttributes } = this.#settings;
    const taskQueue = () => this.#taskQueues[0];
    this.#resources ??= openResources(config, baseFolder, { ...ports, searchAttributes, taskQueue }).then(
      (resources) => {
        this.#setupCheck = reportSetup(resources);
        return resources;
      },
    );
    return this.#resources;
  }

  /** Several workers of one process may share the plugin: the last one closes. */
  private async close(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    const opened = this.#resources?.catch(() => undefined);
    this.#resources = undefined;
    const resources = await opened;
    await this.#setupCheck?.stop();
    await resources?.close();
  }

  private async requireResources(): Promise<Resources> {
    if (this.#resources) return this.#resources;
    throw new ExportError(
      'STAGING_NOT_REACHABLE',
      'The plugin is not running: its worker has stopped, or never ran.',
    );
  }
}

/** Otherwise the host's default would pin destinations to their first version. */
function declaringVersioning(options: WorkerOptions): WorkerOptions {
  const { workflowBundle: bundle, bundlerOptions } = options;
  if (bundle) return { ...options, workflowBundle: { code: declareVersioning(readBundle(bundle)) } };
  return { ...options, bundlerOptions: declareWhenBundling(bundlerOptions) };
}

function readBundle(bundle: NonNullable<WorkerOptions['workflowBundle']>): string {
  return 'code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8');
}
