import { Context } from '@temporalio/activity';
import type { Alert } from '../contract/alert';
import { ExportError } from '../errors';
import type { ActivityDependencies } from './dependencies';

export interface SendAlertInput {
  readonly receiver: string;
  readonly alert: Alert;
  /** A receiver may ask for a later attempt, by `Retry-After`: but not later than this. */
  readonly longestWaitSeconds: number;
}

/** Sends an alert to one receiver, once. Each retry has the same id: a receiver of Standard Webhooks can tell that it has it already. */
export function createSendAlert({ alerts }: ActivityDependencies) {
  return async function sendAlert({ receiver, alert, longestWaitSeconds }: SendAlertInput): Promise<void> {
    const { info } = Context.current();
    try {
      await alerts.send(receiver, alert, { namespace: info.workflowNamespace ?? '' });
    } catch (error) {
      if (!(error instanceof ExportError)) throw error;
      const { retryAfterSeconds, ...details } = error.details;
      if (retryAfterSeconds === undefined) throw error;
      const wait = Math.min(Number(retryAfterSeconds), longestWaitSeconds);
      throw new ExportError(error.code, error.message, { details: { ...details, retryAfterSeconds: wait } });
    }
  };
}
