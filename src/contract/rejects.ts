import { z } from 'zod';
import type { OutcomeCounts } from './outcome';

/** How many profiles of an export may be rejects: a number, or a share of the selected ones in percent. */
export interface RejectLimit {
  readonly number: number;
  readonly isPercent: boolean;
}

/** A number, such as 10, or a percentage, such as "5%". */
export const RejectLimitSchema = z.union([
  z.int().min(0),
  z.string().refine((text) => readRejectLimit(text) !== undefined, {
    error: 'it must be a whole number, such as 10, or a percentage, such as "5%"',
  }),
]);

export interface RejectCount {
  readonly selected: number;
  readonly rejects: number;
}

/** @returns undefined for what is neither a whole number, such as 10, nor a percentage, such as 5% */
export function readRejectLimit(text: string): RejectLimit | undefined {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const number = Number(digits);
  const isPercent = percent === '%';
  if (digits === undefined || !(isPercent ? number <= 100 : Number.isSafeInteger(number))) return undefined;
  return { number, isPercent };
}

/** Profiles that are invalid, refused by Mailchimp, throttled or without proof; not duplicates, nor contacts that opted out. */
export function rejectsOf({
  invalid = 0,
  rejected = 0,
  throttled = 0,
  unproven = 0,
}: Partial<OutcomeCounts>): number {
  return invalid + rejected + throttled + unproven;
}

/** The greatest number that is not above the limit. */
export function largestAllowed(selected: number, { number, isPercent }: RejectLimit): number {
  return Math.floor(isPercent ? (selected * number) / 100 : number);
}

export function isAboveLimit(
  { selected, rejects }: RejectCount,
  { number, isPercent }: RejectLimit,
): boolean {
  return rejects > (isPercent ? (selected * number) / 100 : number);
}
