import { CancellationScope, getExternalWorkflowHandle, patched, workflowInfo } from '@temporalio/workflow';
import type { ExportWaits } from '../../contract/export-waits';
import { exportWaitsSignal } from '../messages';
import type { Run } from './run';

/**
 * Signals the destination when the export begins to wait for a person, and when it goes on, for its page and for alerts. An export that nothing
 * stops sends none.
 */
export function signalWaits(run: Run, waits: ExportWaits['waits']): void {
  const { record, input } = run;
  if ((record.signalled ?? null) === (waits?.kind ?? null)) return;
  const { parent } = workflowInfo();
  if (!parent || !patched('temporal-mailchimp-waits-signalled')) return;
  if (waits) record.signalled = waits.kind;
  else delete record.signalled;
  const { exportId } = input.ref;
  const destination = getExternalWorkflowHandle(parent.workflowId);
  void CancellationScope.nonCancellable(() =>
    destination.signal(exportWaitsSignal, { exportId, waits }),
  ).catch(
    // It was ended in Temporal.
    () => undefined,
  );
}
