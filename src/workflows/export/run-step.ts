import { CancellationScope } from '@temporalio/workflow';
import type { Activities } from '../../activities/index';
import type { ExportPhase } from '../../contract/export';
import { interruptOnPause, waitWhilePaused, withRetry } from './retry';
import { setPhase, type Run } from './run';

interface StepTraits {
  /** Start-to-close timeout: minutes or hours. */
  readonly time: 'short' | 'long';
  /** What a pause means for the step. `continue`: it reads or cleans up, and sends no contact. */
  readonly onPause: 'continue' | 'wait' | 'interrupt';
  /** The phase that the export enters with the step. */
  readonly phase?: ExportPhase;
  /** A cancellation waits until the step is done. */
  readonly isCompletedWhenCancelled?: true;
}

/** The steps of an export, and of a verification, in their order. */
const STEPS = {
  'mailchimp.preflight': { time: 'short', onPause: 'continue' },
  'mailchimp.drainEarlierWrites': { time: 'short', onPause: 'continue' },
  'mailchimp.takeCensus': { time: 'long', onPause: 'wait', phase: 'census' },
  'mailchimp.takeSnapshot': { time: 'long', onPause: 'wait' },
  'mailchimp.planExport': { time: 'long', onPause: 'wait', phase: 'planning' },
  'mailchimp.renameTags': { time: 'short', onPause: 'wait' },
  'mailchimp.sendCanary': { time: 'long', onPause: 'wait' },
  'mailchimp.submitPart': { time: 'long', onPause: 'wait' },
  'mailchimp.sendChunks': { time: 'long', onPause: 'interrupt' },
  'mailchimp.archiveChunks': { time: 'long', onPause: 'interrupt' },
  'mailchimp.pollBatches': { time: 'short', onPause: 'continue' },
  'mailchimp.collectPart': { time: 'long', onPause: 'continue' },
  'mailchimp.deleteBatches': { time: 'short', onPause: 'continue' },
  'mailchimp.readAudience': { time: 'long', onPause: 'wait', phase: 'census' },
  'mailchimp.verifyAudience': { time: 'long', onPause: 'wait', phase: 'comparing' },
  'mailchimp.verifySample': { time: 'short', onPause: 'continue', phase: 'comparing' },
  'mailchimp.findResubscribed': { time: 'long', onPause: 'continue' },
  'mailchimp.forgetPerson': { time: 'long', onPause: 'continue', phase: 'settling' },
  'mailchimp.settleExport': {
    time: 'long',
    onPause: 'continue',
    phase: 'settling',
    isCompletedWhenCancelled: true,
  },
} as const satisfies Partial<Record<keyof Activities, StepTraits>>;

export type StepName = keyof typeof STEPS;
type InputOf<Name extends StepName> = Parameters<Activities[Name]>[0];
type ResultOf<Name extends StepName> = Activities[Name] extends (input: never) => Promise<infer Result>
  ? Result
  : never;

export interface StepCall<Name extends StepName> {
  /** Shown in the Web UI. */
  readonly summary: string;
  /** Evaluated at each attempt: the preflight that follows a `resume` may have changed what the step is given. */
  readonly input: () => InputOf<Name>;
}

/** Runs a step of the export, with retries, as its traits say, and counts its requests. */
export function runStep<Name extends StepName>(
  run: Run,
  name: Name,
  call: StepCall<Name>,
): Promise<ResultOf<Name>> {
  const { onPause, isCompletedWhenCancelled }: StepTraits = STEPS[name];
  const attempt = () => attemptStep(run, name, call);
  return withRetry<ResultOf<Name>>(run, async () => {
    if (onPause === 'interrupt') return interruptOnPause(run, attempt);
    if (onPause === 'wait') await waitWhilePaused(run);
    return isCompletedWhenCancelled ? CancellationScope.nonCancellable(attempt) : attempt();
  });
}

/** The same without retries beyond Temporal's own, for an export that winds down. `briefly`: once, and for seconds only. */
export async function attemptStep<Name extends StepName>(
  run: Run,
  name: Name,
  { summary, input, briefly }: StepCall<Name> & { readonly briefly?: boolean },
): Promise<ResultOf<Name>> {
  const { phase, ...traits }: StepTraits = STEPS[name];
  const time = briefly ? 'brief' : traits.time;
  if (phase) setPhase(run, phase);
  const step = run.steps[time][name] as unknown as {
    executeWithOptions(options: { summary: string }, args: [InputOf<Name>]): Promise<ResultOf<Name>>;
  };
  const result = await step.executeWithOptions({ summary }, [input()]);
  run.record.requests += requestsOf(result);
  return result;
}

function requestsOf(result: unknown): number {
  return typeof result === 'object' && result !== null && 'requests' in result ? Number(result.requests) : 0;
}
