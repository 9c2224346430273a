import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  condition,
  isCancellation,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { noticeId, type Addressee, type Notice } from '../../contract/alert';
import { alertWorkflowId } from '../../contract/identifiers';
import { mailchimpAlert } from '../alert/alert';
import { backOffMs } from '../back-off';
import { inMarkdown } from '../details-page';
import { reasonOf } from '../failure';
import { requestSteps } from '../steps';
import { nextNotice, withoutNotice } from './alerts';
import type { Destination } from './live-destination';

/**
 * Has alerts sent, beside the jobs and without delaying them. A notice stays pending until its workflow was started: a run that ends before
 * leaves it to the next one, which asks again and starts the same workflow.
 */
export async function announceNotices(destination: Destination): Promise<void> {
  try {
    for (let failed = 0; ;) {
      await condition(() => !destination.isContinuing && nextNotice(destination.state) !== undefined);
      const notice = nextNotice(destination.state);
      if (!notice) continue;
      try {
        await announce(destination, notice);
        failed = 0;
      } catch (error) {
        if (isCancellation(error)) throw error;
        failed += 1;
        await sleep(backOffMs(failed), { summary: `Retry to announce after ${reasonOf(error).code}` });
      }
    }
  } catch (error) {
    // With the destination, which the main loop ends.
    if (!isCancellation(error)) throw error;
  }
}

async function announce(destination: Destination, notice: Notice): Promise<void> {
  const steps = requestSteps(`Find the receivers of alerts: ${notice.kind}`);
  const addressees = await steps['mailchimp.findReceivers'](notice);
  if (addressees.length > 0) await startAlerts(destination, notice, addressees);
  destination.update((state) => withoutNotice(state, notice));
}

/** Returns when the server has started the workflow that sends them, or had it before. */
export async function startAlerts(
  destination: Destination,
  notice: Notice,
  addressees: readonly Addressee[],
): Promise<void> {
  const { destinationId, state } = destination;
  destination.isStartingAlerts = true;
  const failing = (state.alerts?.undelivered ?? []).map(({ receiver }) => receiver);
  try {
    await startChild(mailchimpAlert, {
      workflowId: alertWorkflowId(destinationId, noticeId(notice)),
      // An earlier run may have started it, and it may have ended.
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      // It outlives this run, which ends with the next export.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      args: [{ notice, addressees, failing }],
      staticSummary: `Alert of ${inMarkdown(notice.name)}: ${notice.kind}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  } finally {
    destination.isStartingAlerts = false;
  }
}
