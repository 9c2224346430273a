import type { JobInput, JobReport } from '../../../contract/job';
import type { RefusalCount } from '../../../contract/report';
import { rowClassesWhere } from '../../../contract/row-class';

/** Refused for as long as the row is the same. */
const FINAL: readonly string[] = rowClassesWhere(
  ({ memory, retryAfterDays }) => memory === 'permanent' && retryAfterDays === undefined,
);

/**
 * Whether another export of the same source and configuration would send nothing: this one has sent everything, and has proof of it, or
 * Mailchimp refused it for good. Not so: what a later export sends again, at once or in some days; and what was cut off by a limit.
 */
export function isDone(report: JobReport, { options, configuration }: JobInput): boolean {
  const { status, outcomes, refusals } = report;
  if (status !== 'completed' || options.limit !== undefined) return false;
  if (outcomes.throttled + outcomes.unproven + outcomes.not_sent > 0) return false;
  return refusals.every((refusal) => isFinal(refusal, configuration.optedOut));
}

function isFinal({ outcome, class: name }: RefusalCount, optedOut: string): boolean {
  if (FINAL.includes(name)) return true;
  if (outcome !== 'suppressed') return false;
  // It has opted out during the export: with `update`, the next one sends it fields and tags.
  if (name === 'opted_out') return optedOut === 'skip';
  return name === 'archived' || name === 'opted_out_elsewhere';
}
