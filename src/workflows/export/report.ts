import type { Approval, Denial, Guard } from '../../contract/guard';
import type { ExportInput } from '../../contract/export';
import { noOutcomes, noMemberStatuses } from '../../contract/outcome';
import { plannedCounts } from '../../contract/planned-counts';
import type { Verification } from '../../contract/drift';
import type { ExportPlan, Lane } from '../../contract/plan';
import {
  isPlanned,
  type ExportStatus,
  type ExportReport,
  type Settlement,
  type Tally,
} from '../../contract/report';
import type { Reason } from '../../contract/reason';
import { closedTimeline, type OpenTimeline } from '../../contract/timeline';
import type { Run } from './run';

/** The counts of an export that planned, and so sent, nothing. */
const NOTHING: Settlement = {
  selected: 0,
  departed: 0,
  outcomes: noOutcomes(),
  uncertain: 0,
  readdressed: 0,
  memberStatuses: noMemberStatuses(),
  invalid: {},
  refusals: [],
  segments: [],
  warnings: [],
  mismatches: [],
  baselineSize: 0,
  tally: null,
};

export const CANCELLED: Reason = { code: 'EXPORT_CANCELLED', message: 'The export was cancelled.' };

/** How a job ended. */
export interface Ended {
  readonly status: ExportStatus;
  readonly startedAtMs: number;
  readonly failure?: Reason;
  readonly guards?: readonly Guard[];
  readonly approval?: Approval | null;
  readonly denial?: Denial;
  readonly version?: string;
  readonly timeline?: OpenTimeline;
}

export function toReport(input: ExportInput, settlement: Settlement | null, ended: Ended): ExportReport {
  const { ref, kind, number, storeId, removal, undo, askedBy } = input;
  const { status, startedAtMs, failure, guards = [], approval = null, denial, version, timeline } = ended;
  const durationMs = Date.now() - startedAtMs;
  return {
    ...(settlement ?? NOTHING),
    ...ref,
    kind,
    number,
    storeId,
    status,
    isSettled: settlement !== null && !isPlanned(ended),
    ...(failure && { failure }),
    guards,
    ...(askedBy !== undefined && { askedBy }),
    approval,
    ...(denial && { denial }),
    ...(removal && { removal: { exported: removal.exported, by: removal.by } }),
    ...(undo && { undo: { exportId: undo.exportId, number: undo.number, by: undo.by } }),
    ...(version !== undefined && status === 'completed' && { version }),
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs,
    ...(timeline && { timeline: closedTimeline(timeline, durationMs) }),
  };
}

export function settledReport(run: Run, settlement: Settlement | null, status: ExportStatus): ExportReport {
  const { startedAtMs, guards, version, timeline } = run.record;
  const denial = run.decided?.denial;
  const ended = {
    startedAtMs,
    guards,
    approval: approvalOf(run),
    ...(denial && { denial }),
    ...(version !== undefined && { version }),
    ...(timeline && { timeline }),
  };
  const failure = mismatchOf(settlement);
  return toReport(
    run.input,
    settlement,
    failure ? { ...ended, status: 'failed', failure } : { ...ended, status },
  );
}

/** The export fails, but what was acknowledged is in the baseline: the next export continues from there. */
function mismatchOf(settlement: Settlement | null): Reason | undefined {
  if (!settlement || settlement.mismatches.length === 0) return undefined;
  const message =
    `Settling counted ${settlement.mismatches.join('; ')}. What Mailchimp acknowledged is kept. ` +
    'This is a bug, or the staging store was changed.';
  return { code: 'ACCOUNTING_MISMATCH', message };
}

/** The approval of an earlier plan stays valid as long as no number exceeds it. */
function approvalOf({ record: { approval, guards }, input }: Run): Approval | null {
  return approval ?? (guards.length === 0 ? (input.approved ?? null) : null);
}

/** What the export has sent to Mailchimp so far. */
export function toTally({ record: { parts, requests, batches, lanes } }: Run): Tally {
  const rowsOf = (lane: Lane): number =>
    parts.reduce((sum, part) => sum + (part.done && part.lane === lane ? part.plan.rows : 0), 0);
  const delivered = { batch: rowsOf('batch'), direct: rowsOf('direct') };
  const hasSent = delivered.batch + delivered.direct > 0;
  return { requests, batches, lanes: hasSent ? { ...delivered, why: lanes?.why ?? 'few changes' } : null };
}

/** The report of an export that would send everything, and would be acknowledged. */
export function plannedReport(run: Run, plan: ExportPlan): ExportReport {
  const outcomes = {
    ...plan.decided,
    created: plan.decided.created + plan.creates,
    updated: plan.decided.updated + plan.updates,
    removed: plan.decided.removed + plan.removals - (plan.archives ?? 0),
    archived: plan.decided.archived + (plan.archives ?? 0),
  };
  const settlement: Settlement = {
    ...NOTHING,
    selected: plan.selected,
    departed: plan.departed,
    uncertain: plan.uncertain,
    readdressed: plan.readdressed,
    ...(plan.notArchived && { notArchived: plan.notArchived }),
    ...(plan.remains && { remains: plan.remains }),
    outcomes,
    invalid: plan.invalid,
    segments: plan.segments.map((planned) => ({
      ...plannedCounts(planned),
      tagId: run.record.segments.find(({ segment }) => segment === planned.segment)?.tagId ?? null,
    })),
    ...(plan.omittedSegments !== undefined && { omittedSegments: plan.omittedSegments }),
    warnings: plan.warnings,
    baselineSize: plan.baselineSize,
    ...(plan.gone !== undefined && { gone: plan.gone }),
    tally: toTally(run),
  };
  const { startedAtMs, guards } = run.record;
  return toReport(run.input, settlement, { status: 'planned', startedAtMs, guards });
}

/** The report of a verification: no subject of an export, so no outcomes, and no baseline of its own. */
export function verifiedReport(run: Run, verification: Verification): ExportReport {
  const settlement: Settlement = {
    ...NOTHING,
    baselineSize: verification.inAudience,
    gone: verification.gone,
    tally: toTally(run),
  };
  const ended = { status: 'completed', startedAtMs: run.record.startedAtMs } as const;
  return { ...toReport(run.input, settlement, ended), isSettled: false, verification };
}
