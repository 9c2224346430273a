import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../contract/mailchimp';
import type { OpenWrite } from '../contract/plan';
import type { Staging } from '../contract/staging';
import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';
import { findLostBatch } from './lost-batch';

export interface AwaitQuietInput {
  readonly ref: ExportRef;
  readonly account: string;
  /** Everything had ended when this was asked before, and the time of Mailchimp's longest request has passed since. */
  readonly hasFaded: boolean;
}

export interface Quiet {
  /** `running`: ask again; `fading`: everything has ended, but its last request may still run; wait, and ask with `hasFaded`. */
  readonly state: 'quiet' | 'running' | 'fading';
  readonly waitMs: number;
  readonly requests: number;
}

const LOOK_AGAIN_MS = 5_000;

/**
 * Makes sure that nothing which earlier exports of the destination have sent can still run at Mailchimp: a write that comes late would
 * undo what this export does. Batches that nobody waits for any more are deleted. May be repeated.
 */
export function createAwaitQuiet({ staging, openAccount }: ActivityDependencies) {
  return async function awaitQuiet({ ref, account: name, hasFaded }: AwaitQuietInput): Promise<Quiet> {
    return withHeartbeat(() =>
      duringExport(async () => {
        const writes = await staging.openWrites(ref);
        if (writes.length === 0) return quiet(staging, ref, 0);
        const account = await openAccount(name);
        let running = 0;
        for (const write of writes) if (await mayRun({ staging, account, ref }, write)) running += 1;
        const requests = account.requests();
        if (running > 0) return { state: 'running', waitMs: LOOK_AGAIN_MS, requests };
        if (hasFaded) return quiet(staging, ref, requests);
        return { state: 'fading', waitMs: account.longestRequestMs, requests };
      }),
    );
  };
}

async function quiet(staging: Staging, ref: ExportRef, requests: number): Promise<Quiet> {
  await staging.recordQuiet(ref);
  return { state: 'quiet', waitMs: 0, requests };
}

interface Looking {
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly ref: ExportRef;
}

async function mayRun(
  { staging, account, ref: { destinationId } }: Looking,
  { exportId, part, batchId, attempts }: OpenWrite,
): Promise<boolean> {
  if (batchId !== null) return isStillThere(account, batchId);
  const lost = attempts.filter(({ lane }) => lane === 'batch');
  // Direct requests end by themselves; the claim keeps the earlier export from sending more.
  if (lost.length === 0) return false;
  const ref = { destinationId, exportId };
  const found = await findLostBatch({ account, staging, ref, part, attempts: lost });
  return found.kind === 'wait';
}

async function isStillThere(account: MailchimpAccount, batchId: string): Promise<boolean> {
  const [batch] = await account.batches([batchId]);
  if (!batch || batch.status === 'finished' || batch.status === 'gone') return false;
  await account.deleteBatch(batchId);
  return true;
}
