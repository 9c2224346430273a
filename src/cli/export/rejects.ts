import { InvalidArgumentError } from 'commander';
import type { ExportReport } from '../../contract/report';
import { isPlanned } from '../../contract/report';
import { count, countOf } from '../../text/format';

/** How many profiles of an export may be rejects: a number, or a share of the selected ones in percent. */
export interface RejectLimit {
  readonly number: number;
  readonly isPercent: boolean;
}

export function rejectLimit(value: string): RejectLimit {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(value.trim()) ?? [];
  const number = Number(digits);
  const isPercent = percent === '%';
  if (digits !== undefined && (isPercent ? number <= 100 : Number.isSafeInteger(number)))
    return { number, isPercent };
  throw new InvalidArgumentError('It must be a whole number, such as 10, or a percentage, such as 5%.');
}

/**
 * Why an export that completed is no success: more rejects than allowed, or nothing but rejects. Rejects are profiles that are invalid, refused by
 * Mailchimp, throttled or without proof; not duplicates, nor contacts that opted out. Undefined: it is one.
 */
export function whyTooManyRejects(report: ExportReport, limit?: RejectLimit): string | undefined {
  if (isPlanned(report)) return undefined;
  const { selected, outcomes } = report;
  const rejects = outcomes.invalid + outcomes.rejected + outcomes.throttled + outcomes.unproven;
  const good = outcomes.created + outcomes.updated + outcomes.unchanged;
  const found = `${count(rejects)} of ${countOf(selected, 'profile')} are invalid, refused, throttled or unproven`;
  if (limit) {
    const most = limit.isPercent ? (selected * limit.number) / 100 : limit.number;
    if (rejects > most)
      return `${found}; --fail-on-rejects allows ${limit.number}${limit.isPercent ? '%' : ''}.`;
  }
  return rejects > 0 && good === 0 ? `No profile was exported: ${found}.` : undefined;
}
