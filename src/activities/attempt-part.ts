import { CancelledFailure } from '@temporalio/common';
import type { ExportRef } from '../contract/identifiers';
import type { Write } from '../contract/plan';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { Staging } from '../ports/staging';
import { ExportError } from '../errors';
import type { ExportStep } from './export-step';

export interface AttemptInput {
  readonly staging: Staging;
  readonly step: ExportStep;
  readonly account: MailchimpAccount;
  readonly ref: ExportRef;
  readonly part: number;
}

/**
 * Runs the requests of one direct attempt at a part, and looks at the claim again when they have ended. The look before a request does not
 * exclude that the process is frozen after it, and sends when a later export has ended: only a trace of each attempt does.
 *
 * @param work is given whether there was an attempt at the part before, which may have arrived
 * @throws ExportError SUPERSEDED, after recording what may have been written late
 */
export async function attemptDirectly<Result>(
  input: AttemptInput,
  work: (isRepeated: boolean) => Promise<Result>,
): Promise<Result> {
  const { staging, ref, part } = input;
  const isRepeated = (await staging.listAttempts(ref, part)).length > 0;
  const write: Write = { part, attempt: await staging.recordAttempt(ref, part, 'direct'), lane: 'direct' };
  await staging.openWrite(ref, write);
  try {
    const result = await work(isRepeated);
    await conclude(input, write);
    return result;
  } catch (error) {
    // A cancelled step does not wait for its requests.
    await (error instanceof CancelledFailure ? leaveOpen(input, write) : conclude(input, write));
    throw error;
  }
}

/** For an attempt whose last request may still be running. A later export that has begun may have dealt with the open write already. */
export async function leaveOpen(
  { staging, step, ref }: Pick<AttemptInput, 'staging' | 'step' | 'ref'>,
  write: Write,
): Promise<void> {
  try {
    await step.look();
  } catch (error) {
    if (isSuperseded(error)) await staging.recordLateWrite(ref, write, null);
  }
}

async function conclude({ staging, step, account, ref }: AttemptInput, write: Write): Promise<void> {
  try {
    await step.look();
  } catch (error) {
    if (!isSuperseded(error)) throw error;
    // Whatever was sent before has ended in the time for which a later export waits before it reads anything.
    if (step.sinceLook() > account.longestRequestMs) await staging.recordLateWrite(ref, write, null);
    await staging.endWrite(ref, write);
    throw error;
  }
  await staging.endWrite(ref, write);
}

export function isSuperseded(error: unknown): error is ExportError {
  return error instanceof ExportError && error.code === 'SUPERSEDED';
}
