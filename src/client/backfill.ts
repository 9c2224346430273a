import { z } from 'zod';
import { DateOrInstantSchema } from '../contract/schedule';
import { beginningOf, endOf } from '../contract/schedule-spec';
import { ExportError } from '../errors';

/** In Temporal's words. */
export const BACKFILL_OVERLAPS = {
  'one-by-one': 'BUFFER_ALL',
  skip: 'SKIP',
  'buffer-one': 'BUFFER_ONE',
  allow: 'ALLOW_ALL',
} as const;

export const BackfillSchema = z.strictObject({
  from: DateOrInstantSchema.describe('A date: from its beginning, in the time zone of the schedule.'),
  to: DateOrInstantSchema.describe('A date: to its end; of today, until now.'),
  overlap: z
    .enum(['one-by-one', 'skip', 'buffer-one', 'allow'])
    .default('one-by-one')
    .describe('When the refresh before still runs. Default: one refresh after the other.'),
});

/**
 * A range of the past, both ends included: dates in the time zone of the schedule, or times in ISO 8601 with an offset.
 */
export interface BackfillInput extends z.input<typeof BackfillSchema> {}

/**
 * The moments of a range, both included.
 * @throws ExportError INPUT_INVALID for one that is reversed, or in the future
 */
export function backfillRange(
  name: string,
  { from, to }: { readonly from: string; readonly to: string },
  timezone = 'UTC',
): { readonly start: Date; readonly end: Date } {
  const [start, end, now] = [beginningOf(from, timezone), endOf(to, timezone), Date.now()];
  const refuse = (why: string) =>
    new ExportError('INPUT_INVALID', `The range for "${name}" is not valid: ${why}. Nothing was started.`);
  // A date of today ends now.
  if (beginningOf(to, timezone) > now) throw refuse(`its end, ${to}, must not be in the future`);
  if (start > end) throw refuse(`its start, ${from}, must not be after its end, ${to}`);
  return { start: new Date(start), end: new Date(Math.min(end, now)) };
}
