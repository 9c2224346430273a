import type { ForgetCounts } from '../contract/forget';
import type { ExportRef } from '../contract/identifiers';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { leaveMailchimp } from './rules/leave-mailchimp';

export interface ForgetPersonInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly accountId: string;
  readonly audienceId: string;
  readonly statusIfNew: string;
  /** Export with the baseline. Null: there is none. */
  readonly baseline: string | null;
  /** Of the request in the store, which names the person. */
  readonly requestId: string;
}

export interface ForgottenPerson extends Omit<ForgetCounts, 'openWrites' | 'givenUp'> {
  readonly requests: number;
}

/**
 * Forgets a person in one destination: at Mailchimp first, if that was chosen, and then in the store. A retry goes on where the attempt before has
 * stopped; the counts are then those of the last attempt. An attempt that was frozen changes nothing once a later job has claimed the destination.
 */
export function createForgetPerson(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function forgetPerson(input: ForgetPersonInput): Promise<ForgottenPerson> {
    const { ref, accountId, audienceId, statusIfNew, baseline, requestId } = input;
    const step = { ref, id: requestId, accountId, baseline };
    return exportStep(
      dependencies,
      input,
      async ({ openAccount, heartbeat: { cancelled, throwIfCancelled } }) => {
        const found = await staging.findForgotten(step, cancelled);
        let [atMailchimp, requests] = [0, 0];
        if (found && found.request.mailchimp !== 'keep') {
          const account = await openAccount();
          const leaving = { audienceId, statusIfNew, fate: found.request.mailchimp };
          for (const contact of found.contacts) {
            throwIfCancelled();
            if (await leaveMailchimp(account, contact, leaving)) atMailchimp += 1;
          }
          requests = account.requests();
        }
        return { ...(await staging.forget(step, cancelled)), atMailchimp, requests };
      },
    );
  };
}
