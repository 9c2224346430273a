import type { ExportView } from '../contract/export';
import type { ExportPlan } from '../contract/plan';

/** Changes to send, and how many of them are done. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/**
 * Answered changes, plus a share of the changes in running batches: Mailchimp reports finished operations, and one operation is one
 * chunk. Undefined before the plan exists.
 */
export function progressOf({
  plan,
  done,
  finishedInFlight,
}: Pick<ExportView, 'plan' | 'done' | 'finishedInFlight'>): Progress | undefined {
  if (!plan) return undefined;
  const total = totalOf(plan);
  const inFlight = plan.chunks === 0 ? 0 : Math.floor((finishedInFlight * total) / plan.chunks);
  return { done: Math.min(total, done + inFlight), total };
}

/** Changes that a plan sends, those that remove a tag included. */
export function totalOf({ parts }: Pick<ExportPlan, 'parts'>): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0);
}
