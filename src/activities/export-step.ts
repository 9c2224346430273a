import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { type Heartbeat, withHeartbeat } from './heartbeat';
import { startStopwatch, type Stopwatch } from '../stopwatch';

export interface ExportStepInput {
  /** Name of the Mailchimp account in the worker's configuration. */
  readonly account: string;
  /** The export that must hold the destination's claim while the step sends. Absent: a superseded export may run the step too. */
  readonly ref?: ExportRef;
  /** Requests that the export still needs, about: exports with few are first where connections are short. @default few */
  readonly requests?: number;
}

export interface ExportStep {
  /** Resolves the account's secret and opens it, with the claim guard before each of its requests. */
  readonly openAccount: () => Promise<MailchimpAccount>;
  readonly heartbeat: Heartbeat;
  /** Looks at the claim, as the guard does. @throws ExportError SUPERSEDED */
  readonly look: () => Promise<void>;
  /** Milliseconds since the last look that found the claim with this export; 0 before the first one. */
  readonly sinceLook: () => number;
}

/** A look that took longer shows nothing: the process was frozen, or nearly, and a later export may have come and gone. */
const FROZEN_MS = 30_000;

/**
 * Runs a step of an export that talks to Mailchimp: sends heartbeats, and guards each request.
 *
 * The guard runs before each request leaves, not once per step: a chunk can take hundreds of requests, and a step goes on after its export
 * was terminated. Its requests would then undo what the next export does. Where a look costs a request of its own, one counts for a second.
 *
 * @throws CancelledFailure before a request of a cancelled step; ExportError SUPERSEDED before a request of an export without the claim
 */
export async function exportStep<Result>(
  { staging, openAccount }: Pick<ActivityDependencies, 'staging' | 'openAccount'>,
  { account, ref, requests }: ExportStepInput,
  work: (step: ExportStep) => Promise<Result>,
): Promise<Result> {
  return withHeartbeat(async (heartbeat) => {
    let sinceLook: Stopwatch | undefined;
    const look = async (): Promise<void> => {
      if (!ref) return;
      let since: Stopwatch;
      do {
        since = startStopwatch();
        await staging.checkClaim(ref);
      } while (since() > FROZEN_MS);
      sinceLook = since;
    };
    let looking: Promise<void> | undefined;
    const guard = async () => {
      heartbeat.throwIfCancelled();
      // `sinceLook` counts from the look itself, so what is sent now is judged by that look.
      if (sinceLook && sinceLook() < staging.lookHoldsMs) return;
      if (staging.lookHoldsMs === 0) return look();
      looking ??= look().finally(() => {
        looking = undefined;
      });
      await looking;
    };
    return work({
      openAccount: () =>
        openAccount(account, {
          guard,
          signal: heartbeat.cancelled,
          work: { destinationId: ref?.destinationId, requests },
        }),
      heartbeat,
      look,
      sinceLook: () => sinceLook?.() ?? 0,
    });
  });
}
