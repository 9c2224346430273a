import type { Addressee, Notice } from '../contract/alert';
import type { ActivityDependencies } from './dependencies';

/** The receivers of the worker's configuration that want an alert of a notice. */
export function createFindReceivers({ alerts }: ActivityDependencies) {
  return function findReceivers(notice: Notice): Promise<readonly Addressee[]> {
    return Promise.resolve(alerts.find(notice));
  };
}
