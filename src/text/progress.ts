import type { ExportView } from '../contract/export';

/** Changes that have to be sent, and how many of them are through. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/**
 * Answered changes, with a share of those in batches that still run: Mailchimp tells finished operations, and an operation is a chunk.
 * Undefined until it is known what has to be sent.
 */
export function progressOf({
  plan,
  done,
  running,
}: Pick<ExportView, 'plan' | 'done' | 'running'>): Progress | undefined {
  if (!plan) return undefined;
  const total = plan.parts.reduce((sum, { rows }) => sum + rows, 0);
  const inFlight = plan.chunks === 0 ? 0 : Math.floor((running.finished * total) / plan.chunks);
  return { done: Math.min(total, done + inFlight), total };
}
