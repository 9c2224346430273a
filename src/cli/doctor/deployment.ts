import type { Client } from '@temporalio/client';
import { mayPoll } from '../../contract/poller-age';
import { ExportError } from '../../errors';
import { setCurrentVersion } from '../../text/worker-deployment';
import { check, type Check } from './check';

interface Version {
  readonly deploymentName?: string | null;
  readonly buildId?: string | null;
}

/** What the server knows of worker deployments on a task queue. */
interface Found {
  readonly current: Version | undefined;
  /** Versions with a worker that polls. */
  readonly polling: readonly Version[];
}

/** Whether the version that gets the work has a worker; nothing where no deployment is used. */
export async function checkDeployment(client: Client, taskQueue: string): Promise<Check[]> {
  const found = await look(client, taskQueue).catch(() => undefined);
  if (!found || (!found.current && found.polling.length === 0)) return [];
  return [await check('temporal.deployment', async () => describe(found, client.options.namespace))];
}

/** As the server numbers the modes of a worker. */
const VERSIONED = 2;

async function look({ workflowService, options: { namespace } }: Client, queue: string): Promise<Found> {
  const { pollers, versioningInfo } = await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
  });
  const polling = (pollers ?? []).flatMap(({ deploymentOptions, lastAccessTime }) =>
    deploymentOptions &&
    Number(deploymentOptions.workerVersioningMode) === VERSIONED &&
    mayPoll(Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000)
      ? [deploymentOptions]
      : [],
  );
  return { current: versioningInfo?.currentDeploymentVersion ?? undefined, polling };
}

function describe({ current, polling }: Found, namespace: string): string {
  const builds = [...new Set(polling.map(({ buildId }) => buildId))];
  const [first] = polling;
  if (!current)
    throw new ExportError(
      'WORKER_NOT_RUNNING',
      `Workers of the deployment "${first?.deploymentName}" poll (${listed(builds)}), but no version of it is current, so they get no ` +
        `work. Make one current: ${setCurrent(first, namespace)}`,
    );
  const { deploymentName, buildId } = current;
  const others = builds.filter((build) => build !== buildId);
  if (others.length === builds.length)
    throw new ExportError(
      'WORKER_NOT_RUNNING',
      `The current version of the deployment "${deploymentName}" is ${buildId}, and no worker of it polls` +
        `${others.length > 0 ? ` (${listed(others)} does)` : ''}. Start one, or make another version current: ${setCurrent(first ?? current, namespace)}`,
    );
  return `${deploymentName}, current version ${buildId}${others.length > 0 ? `; ${listed(others)} polls as well` : ''}`;
}

function listed(builds: readonly unknown[]): string {
  return `build ${builds.join(', ')}`;
}

function setCurrent(version: Version | undefined, namespace: string): string {
  return setCurrentVersion(
    { name: version?.deploymentName ?? '', buildId: version?.buildId ?? '' },
    namespace,
  );
}
