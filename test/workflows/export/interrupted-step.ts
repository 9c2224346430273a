import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import type { ExportReport } from '../../../src/contract/report';
import {
  CONFIGURE,
  CONNECT,
  CROWD,
  CROWD_MEMBERS,
  openStage,
  type Stage,
  reportOf,
} from '../../support/stage';
import type { ExportHandle } from '../../../src/client';
import { ExportError } from '../../../src/errors';
import { until } from '../../support/until';
import { untilAnswered } from '../../support/until-answered';

/** Every step of an export that has something to send, most of it by a batch. */
const STEPS = [
  'preflight',
  'takeCensus',
  'takeSnapshot',
  'planExport',
  'sendCanary',
  'submitPart',
  'pollBatches',
  'collectPart',
  'settleExport',
] as const;

type Step = (typeof STEPS)[number];

interface InterruptedStep {
  readonly step: Step;
  readonly workflow: 'export' | 'destination';
}

/** Each step, with each of the two workflows interrupted. */
export const EVERY_STEP: readonly InterruptedStep[] = STEPS.flatMap((step) =>
  (['export', 'destination'] as const).map((workflow) => ({ step, workflow })),
);

interface Case extends InterruptedStep {
  readonly interruption: 'terminated' | 'cancelled' | 'reset';
  readonly index: number;
  /** Each case has an audience and a destination of its own. */
  readonly audienceId: string;
}

const INTERRUPTIONS = ['terminated', 'cancelled', 'reset'] as const;

/** A destination starts its export again in the same way, whatever the step: there, each step is interrupted in one of the ways, by turns. */
function casesOf(steps: readonly InterruptedStep[]): Case[] {
  const cases = steps.flatMap((interrupted) => {
    const turn = STEPS.indexOf(interrupted.step) % INTERRUPTIONS.length;
    const ways = interrupted.workflow === 'export' ? INTERRUPTIONS : INTERRUPTIONS.slice(turn, turn + 1);
    return ways.map((interruption) => ({ ...interrupted, interruption }));
  });
  return cases.map((testCase, index) => ({
    ...testCase,
    index,
    audienceId: `c417f0${String(index).padStart(4, '0')}`,
  }));
}

const MERGE_FIELDS = ['FNAME', 'LNAME', 'COUNTRY'].map((tag) => ({ tag, name: tag, type: 'text' as const }));

/** Few enough that activities do not time out on two cores, enough that the cores are not idle. */
const AT_ONCE = 6;

/** Interrupts the given steps, those of an export in every way; each time, the next exports have to recover. @returns what is wrong afterwards */
export async function interruptSteps(steps: readonly InterruptedStep[]): Promise<readonly string[]> {
  const cases = casesOf(steps);
  const audiences = cases.map(({ audienceId }) => ({
    id: audienceId,
    name: audienceId,
    mergeFields: MERGE_FIELDS,
  }));
  const stage = await openStage({
    sandbox: { audiences, connectionLimit: 100, operationMs: 20, batchParallelism: 10 },
  });
  // More polls than the step that submits a batch makes: otherwise no poll of its own would be interrupted.
  stage.sandbox.control.set({ batchPolls: { pending: 8 } });
  try {
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
    return await stage.withWorker(() => runAll(stage, cases));
  } finally {
    await stage.close();
  }
}

async function runAll(stage: Stage, cases: readonly Case[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  const queue = cases.values();
  const runQueue = async () => {
    for (const testCase of queue) {
      const { workflow, interruption, step } = testCase;
      const faults = await new InterruptedExport(stage, testCase)
        .run()
        .catch((error: unknown) => [String(error)]);
      wrong.push(...faults.map((fault) => `${workflow} ${interruption} in ${step}: ${fault}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runQueue));
  return wrong;
}

class InterruptedExport {
  readonly #stage: Stage;
  readonly #case: Case;
  readonly #destinationId: string;

  constructor(stage: Stage, testCase: Case) {
    this.#stage = stage;
    this.#case = testCase;
    this.#destinationId = `${stage.destinationId}-${testCase.index}`;
  }

  /** @returns what is wrong */
  async run(): Promise<string[]> {
    const { step, workflow } = this.#case;
    await this.#connect();
    await untilAnswered(() => this.#stage.client.start(this.#destinationId));
    const running = this.#handle(exportWorkflowId(this.#destinationId));
    await until(() => hasBegun(running, step));
    const interrupted =
      workflow === 'export' ? running : this.#handle(destinationWorkflowId(this.#destinationId));
    // The workflow may have ended since: there is nothing to interrupt then.
    await this.#interrupt(interrupted).catch(() => undefined);
    // The first of these may be the interrupted export itself; the one that completes has repaired what it left.
    for (let tries = 0; tries < 3; tries++) {
      const { status, failure } = await this.#exportNext();
      if (status === 'completed') break;
      // A destination that is reset to before it made its tags does not know that they are its own: configuring adopts them.
      if (failure?.code === 'TAG_TAKEN') await this.#connect();
    }
    return this.#faultsOf(await this.#exportNext());
  }

  #handle(workflowId: string): WorkflowHandle {
    return this.#stage.temporal.workflow.getHandle(workflowId);
  }

  async #connect(): Promise<void> {
    const { client } = this.#stage;
    const request = { ...CONNECT, audienceId: this.#case.audienceId, adopt: true };
    await untilAnswered(() => client.connect(this.#destinationId, request));
    await untilAnswered(() => client.configure(this.#destinationId, { ...CONFIGURE, adoptTags: true }));
  }

  async #interrupt(handle: WorkflowHandle): Promise<void> {
    const { interruption } = this.#case;
    if (interruption === 'terminated') await handle.terminate('by the test');
    else if (interruption === 'cancelled') await handle.cancel();
    else await this.#reset(handle);
  }

  /** Resets the workflow to its state after its first workflow task. */
  async #reset(handle: WorkflowHandle): Promise<void> {
    const { runId } = await handle.describe();
    const { events } = await handle.fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    await this.#stage.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: handle.workflowId, runId },
      reason: 'by the test',
      requestId: randomUUID(),
      workflowTaskFinishEventId: first?.eventId ?? null,
    });
  }

  async #isConnected(): Promise<boolean> {
    const { status } = await this.#handle(destinationWorkflowId(this.#destinationId)).describe();
    return status.name === 'RUNNING';
  }

  /** Starts an export; connects and configures first where the destination has ended, or was reset to before that. */
  async #start(): Promise<ExportHandle | undefined> {
    try {
      return await this.#stage.client.start(this.#destinationId);
    } catch (error) {
      const isReset = error instanceof ExportError && error.code.startsWith('NOT_C');
      if (isReset || !(await this.#isConnected())) await this.#connect().catch(() => undefined);
      return undefined;
    }
  }

  /** A destination that was cancelled or terminated answers nothing: the next export is the one to look at. */
  async #exportNext(): Promise<ExportReport> {
    for (;;) {
      try {
        return await reportOf(await until(() => this.#start()));
      } catch (error) {
        if (!(error instanceof ExportError) || error.code !== 'DESTINATION_TERMINATED') throw error;
      }
    }
  }

  #faultsOf({ status, outcomes }: ExportReport): string[] {
    const { audienceId } = this.#case;
    const members = [...this.#stage.sandbox.members(audienceId)];
    const { tags } = this.#stage.sandbox.state(audienceId);
    return [
      ...(status === 'completed' ? [] : [`ended ${status}`]),
      ...(outcomes.unchanged === CROWD.length ? [] : [`outcomes ${JSON.stringify(outcomes)}`]),
      ...(members.length === CROWD.length ? [] : [`${members.length} members`]),
      ...(members.every(({ status }) => status === 'subscribed') ? [] : ['a member is not subscribed']),
      ...(tags['VIP'] === 2 && tags['North'] === CROWD.length - 2 ? [] : [`tags ${JSON.stringify(tags)}`]),
    ];
  }
}

async function hasBegun(handle: WorkflowHandle, step: Step): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).some(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === `mailchimp.${step}`,
  );
}
