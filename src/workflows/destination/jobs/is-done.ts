import type { JobInput, JobReport } from '../../../contract/job';
import type { RefusalCount } from '../../../contract/report';
import { rememberedClasses } from '../../../contract/reject-policy';
import type { WithheldClass } from '../../../contract/row-class';

/** Withheld again by the next export, as long as nothing changes. */
const FINALLY_WITHHELD: readonly string[] = [
  'archived',
  'opted_out_elsewhere',
  'suppression_list',
  'not_allowed',
] satisfies WithheldClass[];

/**
 * Whether another export of the same source and configuration would send nothing: this one has sent everything, and has proof of it, or
 * Mailchimp refused it for good. Not so: what a later export sends again, at once or in some days; and what was cut off by a limit.
 */
export function isDone(report: JobReport, { options, configuration }: JobInput): boolean {
  const { status, outcomes, refusals } = report;
  if (status !== 'completed' || options.limit !== undefined) return false;
  if (outcomes.throttled + outcomes.unproven + outcomes.not_sent > 0) return false;
  return refusals.every((refusal) => isFinal(refusal, configuration));
}

type Settings = Pick<JobInput['configuration'], 'optedOut' | 'rejects'>;

function isFinal({ outcome, class: name }: RefusalCount, { optedOut, rejects }: Settings): boolean {
  // Refused for as long as the row is the same.
  if (rememberedClasses(rejects).some((known) => known.name === name && known.afterDays === undefined))
    return true;
  if (outcome !== 'suppressed') return false;
  // It has opted out during the export: with `update`, the next one sends it fields and tags.
  if (name === 'opted_out') return optedOut === 'skip';
  return FINALLY_WITHHELD.includes(name);
}
