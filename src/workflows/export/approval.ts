import { condition } from '@temporalio/workflow';
import type { Approval, Approved, Held } from '../../contract/guard';
import type { ExportPlan } from '../../contract/plan';
import type { ExportStatus } from '../../contract/report';
import { describeGuards } from '../../text/describe-export';
import { ExportError } from '../../errors';
import { waitWhilePaused } from './retry';
import { preflight } from './prepare';
import { setPhase, refreshDetails, type Run } from './run';

const HOUR_MS = 60 * 60_000;
const MAX_HOLD_MS = 24 * HOUR_MS;

/** Source and audience move on: what somebody approves later than this is planned again. */
const PLAN_MAX_AGE_MS = HOUR_MS;

type Decision = Approved | 'denied' | 'expired';

export interface Hold {
  readonly held: Held;
  decision: Decision | null;
}

/** Endings of an export that may send nothing. */
export type Refusal = Extract<ExportStatus, 'denied' | 'expired' | 'replanned'>;

/**
 * Waits until the export may send: at once where no guard holds it or it was approved before. Approved, the preflight runs again, since
 * a day may have passed; what it finds changed makes the plan useless.
 * @returns how the export ends if it may not
 */
export async function untilAllowed(run: Run, plan: ExportPlan): Promise<Refusal | null> {
  if (run.guards.length === 0 || run.approval) return null;
  const decision = await untilDecided(run, plan);
  if (decision !== 'approved') return decision;
  await waitWhilePaused(run);
  setPhase(run, 'preflight');
  const planned = basisOf(run);
  await preflight(run);
  return basisOf(run) === planned ? null : 'replanned';
}

async function untilDecided(run: Run, { planId }: ExportPlan): Promise<Decision> {
  const sinceMs = Date.now();
  const held = {
    planId,
    since: new Date(sinceMs).toISOString(),
    until: new Date(sinceMs + MAX_HOLD_MS).toISOString(),
    guards: run.guards,
  };
  const hold: Hold = { held, decision: null };
  run.hold = hold;
  setPhase(run, 'held');
  const isDecided = () => hold.decision !== null;
  await condition(isDecided, MAX_HOLD_MS, {
    summary: 'Held until somebody approves or denies the plan',
  });
  hold.decision ??= 'expired';
  return hold.decision;
}

/** What the plan was made from: merge fields, and the names and ids of tags. */
function basisOf({ fields, segments }: Run): string {
  return JSON.stringify([fields, segments.map(({ segment, tag, tagId }) => [segment, tag, tagId])]);
}

/** Repeated, it gives the same answer. @throws ExportError EXPORT_NOT_HELD, PLAN_OUTDATED */
export function approve(run: Run, { planId, by }: Pick<Approval, 'planId' | 'by'>): Approved {
  const hold = requireApprovable(run, planId);
  if (!hold) return 'approved';
  if (hold.decision === 'approved' || hold.decision === 'replanned') return hold.decision;
  const { since, guards } = hold.held;
  const decision = Date.now() - Date.parse(since) > PLAN_MAX_AGE_MS ? 'replanned' : 'approved';
  hold.decision = decision;
  const numbers = guards.map(({ code, number, segment }) => ({
    code,
    number,
    ...(segment !== undefined && { segment }),
  }));
  run.approval = { planId, by, at: new Date().toISOString(), numbers };
  refreshDetails(run);
  return decision;
}

/** Undefined: this plan was approved in an earlier run of the export. */
export function requireApprovable(run: Run, planId: string): Hold | undefined {
  if (!run.hold && run.approval?.planId === planId) return undefined;
  return requireHold(run, planId, ['approved', 'replanned']);
}

/** @throws ExportError EXPORT_NOT_HELD, PLAN_OUTDATED */
export function deny(run: Run, planId: string): void {
  requireDeniable(run, planId).decision = 'denied';
  refreshDetails(run);
}

export function requireDeniable(run: Run, planId: string): Hold {
  return requireHold(run, planId, ['denied']);
}

function requireHold(
  { hold, input }: Pick<Run, 'hold' | 'input'>,
  planId: string,
  repeated: readonly Decision[],
): Hold {
  const name = `Export ${input.number} of ${input.ref.destinationId}`;
  if (!hold) {
    throw new ExportError('EXPORT_NOT_HELD', `${name} is not held; there is nothing to approve or deny.`);
  }
  const { held, decision } = hold;
  if (held.planId !== planId) {
    throw new ExportError(
      'PLAN_OUTDATED',
      `${name} is held with plan ${held.planId}, not ${planId}: ${describeGuards(held.guards)} If that is right, name plan ${held.planId}.`,
    );
  }
  if (decision === null || repeated.includes(decision)) return hold;
  throw new ExportError('EXPORT_NOT_HELD', `${name} is not held any more: it was ${decision}.`);
}
