import type { CompactDestinationView } from '../contract/destination-view';
import type { ActivityDependencies } from './dependencies';

/** Whether the source, the matching or the segments of a destination differ from those of its last complete export. */
export async function hasMoved(
  _dependencies: ActivityDependencies,
  _view: CompactDestinationView,
): Promise<boolean> {
  return true;
}
