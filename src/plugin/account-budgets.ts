import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { ConnectionBudget } from '../ports/connection-budget';
import { createAccountBudget } from './account-budget';
import type { UserOfAccount } from './accounts';

export interface AccountBudgets {
  /** A step runs now: its worker's client is one that can be used. */
  readonly noticeStep: () => void;
  /** Undefined where there is no Temporal: outside of a worker. */
  readonly of: (user: UserOfAccount) => ConnectionBudget | undefined;
}

/**
 * Opens the budgets of users. Workers of a process may have different queues and connections, and end at different times: requests go by the
 * worker that has last run a step.
 *
 * @param taskQueue of a worker that runs now
 */
export function openBudgets(taskQueue: () => string | undefined): AccountBudgets {
  let client: Client | undefined;
  let queue: string | undefined;
  return {
    noticeStep: () => {
      client = clientOfStep() ?? client;
      queue = taskQueue() ?? queue;
    },
    of: ({ account, workflowOf }) => {
      if (!client || queue === undefined) return undefined;
      const known = { client, queue };
      return createAccountBudget({
        accounts: [account],
        home: () => {
          const home = queue ?? known.queue;
          return { client: client ?? known.client, taskQueue: home, workflowId: workflowOf(home) };
        },
      });
    },
  };
}

/** With connection, namespace and codecs of the worker. Undefined outside of a step. */
function clientOfStep(): Client | undefined {
  try {
    return Context.current().client;
  } catch {
    return undefined;
  }
}
