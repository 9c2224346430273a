import { InvalidArgumentError } from 'commander';
import { isAboveLimit, readRejectLimit, rejectsOf, type RejectLimit } from '../../contract/rejects';
import type { ExportReport } from '../../contract/report';
import { isPlanned } from '../../contract/report';
import { describeRejects } from '../../text/describe-export';
import { countOf } from '../../text/format';

export function rejectLimit(value: string): RejectLimit {
  const limit = readRejectLimit(value);
  if (limit) return limit;
  throw new InvalidArgumentError('It must be a whole number, such as 10, or a percentage, such as 5%.');
}

/** The same as text, for an option of the export itself. */
export function rejectLimitText(value: string): string {
  rejectLimit(value);
  return value.trim();
}

/** What a command takes for no success. */
export interface FailLimits {
  readonly rejects?: RejectLimit | undefined;
  readonly warnings?: RejectLimit | undefined;
}

/** Why an export that completed is no success: too many rejects or warnings. Undefined: it is one. */
export function whyNoSuccess(report: ExportReport, { rejects, warnings }: FailLimits): string | undefined {
  return whyTooManyRejects(report, rejects) ?? whyTooManyWarnings(report, warnings);
}

/** Values that were not sent as they are. Of these, `kept` counts some again, and `decimal_comma` counts what is sent. */
function whyTooManyWarnings(report: ExportReport, limit?: RejectLimit): string | undefined {
  if (!limit) return undefined;
  const { selected, warnings } = report;
  const found = warnings
    .filter(({ kind }) => kind !== 'kept' && kind !== 'decimal_comma')
    .reduce((sum, { count: values }) => sum + values, 0);
  if (!isAboveLimit({ selected, rejects: found }, limit)) return undefined;
  return (
    `${countOf(found, 'value')} of ${countOf(selected, 'profile')} ${found === 1 ? 'was' : 'were'} left out, cut or not read; ` +
    `--fail-on-warnings allows ${shown(limit)}.`
  );
}

function shown({ number, isPercent }: RejectLimit): string {
  return `${number}${isPercent ? '%' : ''}`;
}

/** Why an export that completed is no success: more rejects than allowed, or nothing but rejects. Undefined: it is one. */
export function whyTooManyRejects(report: ExportReport, limit?: RejectLimit): string | undefined {
  if (isPlanned(report)) return undefined;
  const { selected, outcomes } = report;
  const rejects = rejectsOf(outcomes);
  const good = outcomes.created + outcomes.updated + outcomes.unchanged;
  const found = describeRejects({ selected, rejects });
  if (limit && isAboveLimit({ selected, rejects }, limit))
    return `${found}; --fail-on-rejects allows ${shown(limit)}.`;
  return rejects > 0 && good === 0 ? `No profile was exported: ${found}.` : undefined;
}
