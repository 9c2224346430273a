import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  sleep,
} from '@temporalio/workflow';
import type { Addressee, AlertDelivery, Notice } from '../../contract/alert';
import { destinationWorkflowId } from '../../contract/identifiers';
import type { Reason } from '../../contract/reason';
import { isTransient, reasonOf } from '../failure';
import { alertDeliverySignal } from '../messages';
import { firstAlertSteps, laterAlertSteps } from '../steps';

export interface AlertInput {
  readonly notice: Notice;
  readonly addressees: readonly Addressee[];
  /** Receivers of which the destination shows that alerts do not arrive. */
  readonly failing: readonly string[];
}

/** A receiver that asks for more time keeps a person waiting who looks at the destination: it is shown as failing before. */
const FIRST_WAIT_SECONDS = 10;
const LONGEST_WAIT_SECONDS = 3600;

/**
 * Sends the alerts of one notice, each by a step of its own: a receiver that fails has none sent twice to another. Apart from the
 * destination, since a receiver may be away for hours and a destination continues as new after each export.
 */
export async function mailchimpAlert({ notice, addressees, failing }: AlertInput): Promise<void> {
  const undelivered = await Promise.all(
    addressees.map((addressee) =>
      deliver(notice, addressee, { isFailing: failing.includes(addressee.receiver) }),
    ),
  );
  const reasons = undelivered.flatMap((reason) => reason ?? []);
  if (reasons.length === 0) return;
  // One that completes looks in the Web UI as if all had arrived.
  throw ApplicationFailure.nonRetryable(reasons.map(({ message }) => message).join(' '), reasons[0]?.code);
}

/** @returns why it was given up; null: it has arrived */
async function deliver(
  notice: Notice,
  addressee: Addressee,
  { isFailing }: { readonly isFailing: boolean },
): Promise<Reason | null> {
  const report = (failure?: Reason) => reportDelivery(notice, addressee, failure);
  const first = await attempt(notice, addressee, 'first');
  if (!first) {
    if (isFailing) await report();
    return null;
  }
  log.warn('temporal-mailchimp: an alert has not arrived', { ...addressee, code: first.code });
  await report(first);
  if (!isTransient(first)) return first;
  await sleep('1 minute', { summary: `Retry after ${first.code}` });
  const last = await attempt(notice, addressee, 'later');
  await report(last ?? undefined);
  return last;
}

async function attempt(
  notice: Notice,
  { receiver, event }: Addressee,
  when: 'first' | 'later',
): Promise<Reason | null> {
  const steps = when === 'first' ? firstAlertSteps : laterAlertSteps;
  const longestWaitSeconds = when === 'first' ? FIRST_WAIT_SECONDS : LONGEST_WAIT_SECONDS;
  try {
    await steps['mailchimp.sendAlert'].executeWithOptions({ summary: `Send "${event}" to ${receiver}` }, [
      { receiver, alert: { notice, event }, longestWaitSeconds },
    ]);
    return null;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return whyNotSent(error, receiver);
  }
}

/** The reason of a step without an answer is about the steps of an export. */
function whyNotSent(error: unknown, receiver: string): Reason {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof TimeoutFailure) || cause.cause) return reasonOf(error);
  return {
    code: 'ALERT_NOT_DELIVERED',
    message: `No worker has sent the alert to ${receiver} in time. It may have arrived.`,
  };
}

async function reportDelivery(
  { destinationId }: Notice,
  addressee: Addressee,
  failure: Reason | undefined,
): Promise<void> {
  const delivery: AlertDelivery = {
    ...addressee,
    at: new Date().toISOString(),
    ...(failure && { failure }),
  };
  try {
    await getExternalWorkflowHandle(destinationWorkflowId(destinationId)).signal(
      alertDeliverySignal,
      delivery,
    );
  } catch (error) {
    if (isCancellation(error)) throw error;
    // It has been removed.
  }
}
