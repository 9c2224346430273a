import { setWorkflowOptions } from '@temporalio/workflow';
import { WITHOUT_VERSIONING } from '../contract/version';

/** A text of the bundle, which the plugin changes for a worker that uses worker versioning: nothing else tells workflow code what its worker is. */
const usesVersioning = WITHOUT_VERSIONING.endsWith(':use');

/**
 * Declares that a workflow moves to the current version of its worker deployment. With a host's default of `PINNED`, a workflow that lives
 * for years would stay on its first version for ever, since a pinned one continues as new on its version. A worker without
 * versioning must declare nothing: the server would refuse each of its workflow tasks.
 */
export function autoUpgrade(workflow: (...args: never[]) => Promise<unknown>): void {
  if (usesVersioning) setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, workflow);
}
