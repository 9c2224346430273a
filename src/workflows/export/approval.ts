import { condition } from '@temporalio/workflow';
import type { Approval, Approved, Denial, Held } from '../../contract/guard';
import type { ExportPlan } from '../../contract/plan';
import { needsSecondPerson, requireSecondPerson } from '../../contract/second-person';
import type { ExportStatus } from '../../contract/report';
import { describeGuards, jobTitle } from '../../text/describe-export';
import { ExportError } from '../../errors';
import { waitWhilePaused } from './retry';
import { preflight } from './prepare';
import { setObstacle, setPhase, type Decided, type Decision, type Run } from './run';

const HOUR_MS = 60 * 60_000;
const MAX_HOLD_MS = 24 * HOUR_MS;

/** Source and audience change: after this time, an approval leads to a new plan. */
const PLAN_MAX_AGE_MS = HOUR_MS;

/** How an export ends that may not send. */
export type UnsentStatus = Extract<ExportStatus, 'denied' | 'expired' | 'replanned'>;

/**
 * Waits until the export may send: not at all if no guard holds it or it was approved before. After an approval the preflight runs
 * again, since a day may have passed; if it finds a change, the plan is obsolete.
 * @returns how the export ends if it may not send
 */
export async function untilAllowed(run: Run, plan: ExportPlan): Promise<UnsentStatus | null> {
  const { guards, approval } = run.record;
  if (guards.length === 0 || approval) return null;
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
  const { askedBy, configuration } = run.input;
  const held = {
    planId,
    since: new Date(sinceMs).toISOString(),
    until: new Date(sinceMs + MAX_HOLD_MS).toISOString(),
    guards: run.record.guards,
    ...(askedBy !== undefined && { askedBy }),
    ...(needsSecondPerson(configuration) && { needsSecondPerson: true as const }),
  };
  setPhase(run, 'held');
  setObstacle(run, { kind: 'held', held });
  const summary = 'Held until the plan is approved or denied';
  await condition(() => run.decided !== null, MAX_HOLD_MS, { summary });
  return (run.decided ?? decide(run, { held, decision: 'expired' })).decision;
}

function decide(run: Run, decided: Decided): Decided {
  run.decided = decided;
  setObstacle(run, null);
  return decided;
}

/** What the plan was made from: merge fields, and the names and ids of tags. */
function basisOf({ record: { fields, segments } }: Run): string {
  return JSON.stringify([fields, segments.map(({ segment, tag, tagId }) => [segment, tag, tagId])]);
}

/** A repeated request gets the same answer. @throws ExportError EXPORT_NOT_HELD, PLAN_OUTDATED, SECOND_PERSON_REQUIRED */
export function approve(run: Run, { planId, by }: Pick<Approval, 'planId' | 'by'>): Approved {
  const answer = requireApprovable(run, { planId, by });
  if (typeof answer === 'string') return answer;
  const { since, guards } = answer;
  const isOld = Date.now() - Date.parse(since) > PLAN_MAX_AGE_MS;
  const numbers = guards.map(({ code, number, segment }) => ({
    code,
    number,
    ...(segment !== undefined && { segment }),
  }));
  run.record.approval = { planId, by, at: new Date().toISOString(), numbers };
  const decision = isOld ? 'replanned' : 'approved';
  decide(run, { held: answer, decision });
  return decision;
}

/** @returns what awaits the approval, or the answer that an earlier approval of this plan got, maybe in an earlier run */
export function requireApprovable(
  run: Run,
  { planId, by }: Pick<Approval, 'planId' | 'by'>,
): Held | Approved {
  const { obstacle, decided, record } = run;
  if (!decided && obstacle?.kind !== 'held' && record.approval?.planId === planId) return 'approved';
  const { held, decision } = requireDecidable(run, planId);
  if (decision === null) {
    const { askedBy, configuration } = run.input;
    requireSecondPerson({ askedBy, approval: configuration.approval }, by, titleOf(run));
    return held;
  }
  if (decision === 'approved' || decision === 'replanned') return decision;
  throw alreadyDecided(run, decision);
}

/** A repeated request changes nothing. @throws ExportError EXPORT_NOT_HELD, PLAN_OUTDATED */
export function deny(run: Run, { planId, by }: Pick<Denial, 'planId' | 'by'>): void {
  const held = requireDeniable(run, planId);
  if (!held) return;
  decide(run, { held, decision: 'denied', denial: { planId, by, at: new Date().toISOString() } });
}

/** @returns what awaits the decision; null if this plan is denied already */
export function requireDeniable(run: Run, planId: string): Held | null {
  const { held, decision } = requireDecidable(run, planId);
  if (decision === null) return held;
  if (decision === 'denied') return null;
  throw alreadyDecided(run, decision);
}

type Decidable = Decided | { readonly held: Held; readonly decision: null };

function requireDecidable(run: Run, planId: string): Decidable {
  const { obstacle, decided } = run;
  const found = obstacle?.kind === 'held' ? { held: obstacle.held, decision: null } : decided;
  if (!found) {
    throw new ExportError(
      'EXPORT_NOT_HELD',
      `${titleOf(run)} is not held; there is nothing to approve or deny.`,
    );
  }
  if (found.held.planId === planId) return found;
  throw new ExportError(
    'PLAN_OUTDATED',
    `${titleOf(run)} is held with plan ${found.held.planId}, not ${planId}: ${describeGuards(found.held.guards)} If these numbers are right, decide about plan ${found.held.planId}.`,
  );
}

function alreadyDecided(run: Run, decision: Decision): ExportError {
  return new ExportError('EXPORT_NOT_HELD', `${titleOf(run)} is no longer held: it was ${decision}.`);
}

function titleOf({ input }: Run): string {
  return `${jobTitle(input)} of ${input.ref.destinationId}`;
}
