import { WithStartWorkflowOperation, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { AccountBudget, PaceRequest } from '../contract/account-budget';
import type { mailchimpAccount } from '../workflows';
import { budgetQuery, paceUpdate } from '../workflows/messages';
import { toExportError } from './errors';
import { requireWorker } from './pollers';

const ANSWER_MS = 20_000;

export interface AccountBudgetClientOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** Of the account, for people. */
  readonly account: string;
  readonly workflowId: string;
}

/** Shows and changes how many connections the workers of a task queue have to one Mailchimp user. */
export class AccountBudgetClient {
  readonly #options: AccountBudgetClientOptions;

  constructor(options: AccountBudgetClientOptions) {
    this.#options = options;
  }

  /** Undefined: no export runs, nor has run a few minutes ago, and no pace is set. @throws ExportError WORKER_NOT_RUNNING, TEMPORAL_UNREACHABLE */
  async show(): Promise<AccountBudget | undefined> {
    const { client, workflowId } = this.#options;
    const handle = client.workflow.getHandle(workflowId);
    return this.#ask(async () => {
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW') return undefined;
      await this.#requireWorker();
      return handle.query(budgetQuery);
    });
  }

  /** Also where no export runs: then it is for the next ones. A repeated call sets the same again. @throws ExportError as `show`, and INPUT_INVALID */
  async pace(request: PaceRequest): Promise<AccountBudget> {
    const { client, workflowId, taskQueue, account } = this.#options;
    const budget = await this.#ask(async () => {
      await this.#requireWorker();
      return client.workflow.executeUpdateWithStart(paceUpdate, {
        args: [request],
        startWorkflowOperation: new WithStartWorkflowOperation<typeof mailchimpAccount>('mailchimpAccount', {
          workflowId,
          taskQueue,
          args: [{ accounts: [account] }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: `Connections of ${account}`,
        }),
      });
    });
    return budget ?? { budget: null, configured: [], pace: null, holders: [] };
  }

  async #requireWorker(): Promise<void> {
    await requireWorker(this.#options.client, this.#options.taskQueue);
  }

  async #ask<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    const { client, taskQueue } = this.#options;
    try {
      return await client.withDeadline(Date.now() + ANSWER_MS, work);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw toExportError(error, { destinationId: '', taskQueue });
    }
  }
}
