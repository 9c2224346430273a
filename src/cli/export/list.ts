import { kindOf, type ExportReport } from '../../contract/report';
import type { DestinationView } from '../../contract/destination-view';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { exportTable } from '../text/export';
import { allReports } from './past-reports';

export interface ListOptions {
  readonly limit?: number;
  readonly all?: boolean;
}

/** Lists what the destination knows; with a limit, or all, also what the store has of exports before. */
export async function listExports(
  invocation: Invocation,
  name: string,
  { limit, all }: ListOptions,
): Promise<undefined> {
  if (all && limit !== undefined) invocation.usageError('--all and --limit exclude each other');
  const view = await withClient(invocation, (client) => client.describe(name));
  const { running, queued } = view;
  const exports = await listed(invocation, view, all ? Infinity : limit);
  print(invocation, {
    json: { running, queued, exports },
    text: (page) => {
      if (!running && queued.length === 0 && exports.length === 0)
        return `No exports yet. Start one: temporal-mailchimp export start ${name}`;
      const shown = exportTable({ running, queued, exports }, page);
      return limit === undefined && !all && hasEarlier(exports)
        ? `${shown}\n\nFor exports before, as long as their rows are kept: temporal-mailchimp export list ${name} --all`
        : shown;
    },
  });
}

async function listed(
  invocation: Invocation,
  view: DestinationView,
  limit: number | undefined,
): Promise<readonly ExportReport[]> {
  if (limit === undefined) return view.exports;
  const found: ExportReport[] = [];
  for await (const report of allReports(invocation, view)) {
    const { timeline: _, ...rest } = report;
    found.push(rest);
    if (found.length >= limit) break;
  }
  return found;
}

function hasEarlier(exports: readonly ExportReport[]): boolean {
  const numbers = exports.flatMap((report) => (kindOf(report) === 'export' ? report.number : []));
  return numbers.length > 0 && Math.min(...numbers) > 1;
}
