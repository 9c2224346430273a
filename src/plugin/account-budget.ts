import { randomUUID } from 'node:crypto';
import {
  WithStartWorkflowOperation,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import type { Lease, LeaseRequest } from '../contract/account-budget';
import type { Asked, ConnectionBudget } from '../ports/connection-budget';
import { fateOf, PROCESS_NAME } from '../staging';
import type { mailchimpAccount } from '../workflows';
import { goneSignal, leaseUpdate, releaseSignal } from '../workflows/messages';

/** Where the budget is divided. */
interface BudgetHome {
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
const SIGNAL_MS = 1_000;

/** Asks the workflow of the Mailchimp user, which the first request starts. */
export function createAccountBudget({ accounts, home }: AccountBudgetOptions): ConnectionBudget {
  const holder = randomUUID();
  let latest = 0;
  let isClosed = false;
  let isAway = false;

  /** Without connections, it first looks whether others have some that have ended: after a kill, their leases would still run. */
  async function ask(asked: Asked): Promise<Lease> {
    latest = asked.number;
    const lease = await request(asked, asked.connections > 0);
    if (lease.connections > 0 || asked.connections > 0 || asked.wants === 0) return lease;
    const processes = (lease.others ?? []).filter((name) => fateOf(name) === 'gone');
    if (processes.length > 0) await signal((workflow) => workflow.signal(goneSignal, { processes }));
    return request(asked, true);
  }

  async function request(asked: Asked, waits: boolean): Promise<Lease> {
    const { client, ...to } = home();
    const identity = client.options.identity.slice(0, 255);
    const said = { ...asked, waits, holder, identity, process: PROCESS_NAME };
    const startedAt = performance.now();
    const isCurrent = () => !isClosed && asked.number === latest && performance.now() - startedAt < ANSWER_MS;
    const accepted = await client.withDeadline(Date.now() + ACCEPT_MS, () =>
      start(client, said, { ...to, accounts }),
    );
    for (;;) {
      try {
        return await client.withDeadline(Date.now() + POLL_MS, () => accepted.result());
      } catch (error) {
        if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) || !isCurrent()) throw error;
      }
    }
  }

  /** What is lost only leaves a lease to its end. */
  async function signal(send: (workflow: WorkflowHandle) => Promise<void>): Promise<void> {
    const { client, workflowId } = home();
    try {
      await client.withDeadline(Date.now() + SIGNAL_MS, () => send(client.workflow.getHandle(workflowId)));
    } catch {
      // The next request says the same, or the lease ends.
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
    release: async ({ number, inUse }) => {
      latest = number;
      await signal((workflow) => workflow.signal(releaseSignal, { holder, number, inUse }));
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
