import type { DestinationView } from '../contract/destination-view';
import type { ActivityDependencies } from './dependencies';

/** Whether an export may have something to do: source, matching or segments are not known to be as at the last complete export. */
export async function hasMoved(
  _dependencies: ActivityDependencies,
  _destination: DestinationView,
): Promise<boolean> {
  return true;
}
