import type { Config } from '../../config/config';
import type { DevServer } from '../../dev/dev-server';
import type { Sandbox } from '../../sandbox';
import type { StandaloneWorker } from '../../worker';
import { lazy } from '../lazy';
import { audiencesOf } from '../sandbox/audience';
import { startSandboxWith } from '../sandbox/start';
import { registerSearchAttributes } from '../search-attributes/register';
import { type DevFolder, takeDevFolder } from './dev-folder';
import { leaveServer } from '../shell/web-ui';
import { useLocalSetup, useSandbox } from './sandboxed';

export interface DevOptions {
  readonly config: Config;
  readonly baseFolder: string;
  /** Folder of the database, the staging store and the sandbox's state. */
  readonly folder: string;
  /** Deletes what earlier runs have kept. */
  readonly fresh: boolean;
  readonly port: number;
  readonly uiPort: number;
  readonly sandboxPort: number;
  /** Called with one line of progress. */
  readonly report: (line: string) => void;
}

export interface Dev {
  readonly server: DevServer;
  readonly sandbox: Sandbox;
  /** Created, not yet running. */
  readonly worker: StandaloneWorker;
  /** The configuration of the worker. */
  readonly config: Config;
  readonly folder: string;
  /** Nothing was kept of an earlier run. */
  readonly isNew: boolean;
  /** Stops the sandbox and the server. The worker must have stopped before. */
  readonly close: () => Promise<void>;
}

/** Starts Temporal and the sandbox and creates the worker. When a step fails, stops what was started. */
export async function startDev(options: DevOptions): Promise<Dev> {
  const { config, baseFolder, report } = options;
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    const step = closing.pop();
    try {
      await step?.();
    } finally {
      if (closing.length > 0) await close();
    }
  };
  try {
    const folder = await takeDevFolder(options.folder, options.fresh);
    closing.push(folder.release);
    // First, so that a killed process leaves no database without the contacts that it knows of.
    const audiences = audiencesOf(config);
    const sandbox = await startSandboxWith(
      {
        port: options.sandboxPort,
        keepIn: folder.sandbox,
        ...(audiences.length > 0 && { audiences }),
      },
      { startOver: 'temporal-mailchimp dev --fresh', portOption: '--sandbox-port' },
    );
    closing.push(() => sandbox.close());
    const server = await startTemporal(options, folder);
    closing.push(() => server.close());
    if (server.uiUrl !== undefined) {
      const { url, apiKey } = sandbox;
      await leaveServer(folder.path, {
        address: server.address,
        url: server.uiUrl,
        sandbox: { url, apiKey },
      });
    }
    const running = useLocalSetup(useSandbox(config, sandbox), {
      staging: folder.staging,
      address: server.address,
    });
    if (config.temporal.searchAttributes) await registerAttributes(server);
    report('Starting the worker …');
    // The server that was just started has no current version of a deployment, so that a version would get no work.
    const unversioned = { ...running, worker: { ...running.worker, deployment: undefined } };
    const worker = await lazy.worker().createWorker(unversioned, baseFolder);
    const { path, isNew } = folder;
    return { server, sandbox, worker, config: running, folder: path, isNew, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startTemporal(
  { config, port, uiPort, report }: DevOptions,
  { database }: DevFolder,
): Promise<DevServer> {
  const binary = await lazy.temporalBinary().findTemporalBinary({ report });
  report('Starting Temporal …');
  return lazy.devServer().startDevServer({
    binary,
    dbFilename: database,
    namespace: config.temporal.namespace,
    ...(port !== 0 && { port }),
    ...(uiPort !== 0 && { uiPort }),
  });
}

/** Before the worker looks whether they are there. */
async function registerAttributes({ address, namespace }: DevServer): Promise<void> {
  const connection = await lazy.temporalClient().Connection.connect({ address });
  try {
    await registerSearchAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
}
