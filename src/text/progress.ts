import type { ExportView } from '../contract/export';

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
  const total = plan.parts.reduce((sum, { rows }) => sum + rows, 0);
  const inFlight = plan.chunks === 0 ? 0 : Math.floor((finishedInFlight * total) / plan.chunks);
  return { done: Math.min(total, done + inFlight), total };
}
