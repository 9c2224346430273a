import '../plugin/one-sdk';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { version } from '@temporalio/worker/package.json';
import type { Config } from '../config/config';
import { encryptionOptions } from '../encryption/configured';
import { ExportError } from '../errors';
import { MailchimpPlugin } from '../plugin/mailchimp-plugin';
import {
  connectionOptions,
  connectionSettings,
  describeUnreachable,
  type ConnectionSettings,
  type TemporalConnectionOptions,
} from '../config/connection';
import { deploymentOptions } from './deployment';
import { startHealthServer } from './health';
import { installRuntime } from './runtime';

export interface StandaloneWorker {
  /** Resolves when the worker has stopped after `shutdown` or a signal. */
  readonly run: () => Promise<void>;
  readonly shutdown: () => void;
}

/**
 * The standalone worker: a Temporal Worker with the plugin in it, and nothing else.
 * @param settings of the connection; default: those of the configuration
 */
export async function createWorker(
  config: Config,
  baseFolder: string,
  settings: ConnectionSettings = connectionSettings(config.temporal, baseFolder),
): Promise<StandaloneWorker> {
  const { metricsAddress, healthAddress, logFormat, logLevel } = config.worker;
  const deployment = deploymentOptions(config.worker);
  installRuntime({ metricsAddress, logFormat, logLevel });
  const { address, namespace, taskQueue, webUi, searchAttributes } = config.temporal;
  const { staging, accounts, sources, alerts } = config;
  const connection = await connect(await connectionOptions(settings, address), settings.address?.from);
  try {
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue,
      plugins: [
        new MailchimpPlugin({ staging, accounts, sources, alerts, webUi, searchAttributes, baseFolder }),
      ],
      ...prebuiltWorkflows(),
      ...deployment,
      ...(await encryptionOptions(config.temporal, baseFolder)),
      shutdownGraceTime: '10 seconds',
    });
    const health =
      healthAddress === undefined
        ? undefined
        : await startHealthServer({ address: healthAddress, worker, connection, staging, baseFolder });
    return {
      run: async () => {
        try {
          await worker.run();
        } finally {
          await health?.close();
          await connection.close();
        }
      },
      shutdown: () => worker.shutdown(),
    };
  } catch (error) {
    // A worker that was made already keeps it: the first error counts.
    await connection.close().catch(() => undefined);
    throw error;
  }
}

/** Made by the build, for one version of the SDK; with another one, or in a checkout that is not built, the worker bundles for itself. */
function prebuiltWorkflows(): { workflowBundle?: { codePath: string } } {
  const codePath = join(__dirname, `../workflow-bundle-sdk-${version}.js`);
  return existsSync(codePath) ? { workflowBundle: { codePath } } : {};
}

async function connect(
  options: TemporalConnectionOptions,
  from: string | undefined,
): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(options);
  } catch (error) {
    throw new ExportError('TEMPORAL_UNREACHABLE', describeUnreachable(options.address, from), {
      cause: error,
    });
  }
}
