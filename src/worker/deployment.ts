import type { WorkerOptions } from '@temporalio/worker';
import type { Config } from '../config/config';
import { ExportError } from '../errors';

/**
 * The worker's part in a worker deployment; nothing where none is configured.
 * @throws ExportError CONFIG_INVALID without a build id
 */
export function deploymentOptions({
  deployment,
}: Config['worker']): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (!deployment) return {};
  const { name, buildId, exports } = deployment;
  if (buildId === undefined) {
    throw new ExportError(
      'CONFIG_INVALID',
      `The worker deployment "${name}" has no build id. Set --build-id, TEMPORAL_WORKER_BUILD_ID or worker.deployment.buildId to what this build is called.`,
    );
  }
  return {
    workerDeploymentOptions: {
      version: { deploymentName: name, buildId },
      useWorkerVersioning: true,
      // Of exports and plans: the other workflows declare theirs.
      defaultVersioningBehavior: exports === 'pinned' ? 'PINNED' : 'AUTO_UPGRADE',
    },
  };
}
