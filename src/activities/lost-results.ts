import { ExportError } from '../errors';

/** What Mailchimp itself says, or hands out. An outage is none of them: then the results are still there when it is over. */
const LOST: readonly unknown[] = ['results_broken', 'results_refused', 'results_missing', 'results_gone'];

/** Whether the results of a finished batch cannot be had. */
export function areLost(error: unknown): boolean {
  return error instanceof ExportError && LOST.includes(error.details['class']);
}
