import { getExternalWorkflowHandle, isCancellation } from '@temporalio/workflow';
import { endedExport } from '../../contract/ended-export';
import { exportEndedSignal } from '../messages';
import type { Destination } from './live-destination';
import { watchersOfEnded, withoutWatcher, type Watcher } from './state';

/** Signals the end of jobs to the workflows that wait for it. A run that ends before a signal was taken sends it again in the next one. */
export async function notifyWatchers(destination: Destination): Promise<void> {
  for (;;) {
    const [watcher] = watchersOfEnded(destination.state);
    if (!watcher) return;
    await signal(destination, watcher);
    destination.update((state) => withoutWatcher(state, watcher));
  }
}

async function signal({ state }: Destination, { workflowId, exportId, requested }: Watcher): Promise<void> {
  const report = state.exports.find((one) => one.exportId === exportId);
  if (!report) return;
  try {
    await getExternalWorkflowHandle(workflowId).signal(exportEndedSignal, endedExport(report, requested));
  } catch (error) {
    if (isCancellation(error)) throw error;
    // It has ended.
  }
}
