import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import type { Lease, LeaseRequest } from '../contract/account-budget';
import type { Asked, ConnectionBudget } from '../ports/connection-budget';
import type { mailchimpAccount } from '../workflows';
import { leaseUpdate, releaseSignal } from '../workflows/messages';

/** Where the budget is divided. */
export interface BudgetHome {
  readonly workflowId: string;
  /** Of the workers that run the workflow. */
  readonly taskQueue: string;
  /** Of a worker that runs now. */
  readonly client: Client;
}

export interface AccountBudgetOptions {
  /** Names of the account in the configuration. */
  readonly accounts: readonly string[];
  readonly home: () => BudgetHome;
}

/**
 * A request is accepted within milliseconds. After the worker that has the workflow in its cache was killed, the server needs ten seconds to give
 * the task to another one, and begins again with each request: so it gets more.
 */
const ACCEPT_MS = 25_000;
/** The answer may take half a minute: it is asked for in short requests, since those of a worker's connection cannot be ended. */
const POLL_MS = 1_000;
/** Then the answer is lost, or its worker is. */
const ANSWER_MS = 45_000;
const RELEASE_MS = 1_000;

/** Asks the workflow of the Mailchimp user, which the first request starts. */
export function createAccountBudget({ accounts, home }: AccountBudgetOptions): ConnectionBudget {
  const holder = randomUUID();
  let latest = 0;
  let isClosed = false;
  let isAway = false;

  async function ask(asked: Asked): Promise<Lease> {
    latest = asked.number;
    const { client, ...to } = home();
    const { identity } = client.options;
    const request = { ...asked, holder, identity: identity.slice(0, 255) };
    const startedAt = performance.now();
    const isCurrent = () =>
      !isClosed && asked.number === latest && performance.now() - startedAt < ANSWER_MS;
    const accepted = await client.withDeadline(Date.now() + ACCEPT_MS, () => start(client, request, { ...to, accounts }),
    );
    for (;;) {
      try {
        return await client.withDeadline(Date.now() + POLL_MS, () => accepted.result());
      } catch (error) {
        if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) || !isCurrent()) throw error;
      }
    }
  }

  /** Once for each outage: exports wait for connections then, and nothing else shows why. */
  function report(asked: Asked, error: unknown): void {
    if (isClosed || isAway || asked.number !== latest) return;
    isAway = true;
    const name = error instanceof Error ? error.name : typeof error;
    Runtime.instance().logger.warn(
      `temporal-mailchimp: accounts.${accounts.join(', ')}: the workflow ${home().workflowId} gives no answer (${name}). ` +
        'When the lease of this worker is over, its exports wait for connections.',
    );
  }

  return {
    ask: async (asked) => {
      try {
        const lease = await ask(asked);
        isAway = false;
        return lease;
      } catch (error) {
        report(asked, error);
        throw error;
      }
    },
    release: async (number) => {
      latest = number;
      try {
        const { client, workflowId } = home();
        await client.withDeadline(Date.now() + RELEASE_MS, () =>
          client.workflow.getHandle(workflowId).signal(releaseSignal, { holder, number }),
        );
      } catch {
        // Then the lease ends where the budget is divided.
      }
    },
    close: () => {
      isClosed = true;
    },
  };
}

function start(
  client: Client,
  request: LeaseRequest,
  { workflowId, taskQueue, accounts }: Omit<BudgetHome, 'client'> & Pick<AccountBudgetOptions, 'accounts'>,
) {
  return client.workflow.startUpdateWithStart(leaseUpdate, {
    args: [request],
    waitForStage: 'ACCEPTED',
    startWorkflowOperation: new WithStartWorkflowOperation<typeof mailchimpAccount>('mailchimpAccount', {
      workflowId,
      taskQueue,
      args: [{ accounts }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Connections of ${accounts.join(', ')}`,
    }),
  });
}
