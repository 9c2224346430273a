import type { ExportReport } from '../../contract/report';
import { kindOf } from '../../contract/report';
import { jobLabel, jobTitle } from '../../text/describe-export';
import { count, duration, instant } from '../../text/format';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import type { Page } from '../text/page';
import { table } from '../text/table';
import { differencesOf, TOOK, type Difference } from './differences';
import { findReported } from './find';
import { wholeReport } from './past-reports';

/** Shows the numbers of two exports, or plans, side by side. */
export async function compareExports(
  invocation: Invocation,
  name: string,
  ...which: readonly [string, string]
): Promise<undefined> {
  const view = await withClient(invocation, (client) => client.describe(name));
  const [before, after] = [
    await readReported(invocation, view, which[0]),
    await readReported(invocation, view, which[1]),
  ] as const;
  const differences = differencesOf(before, after);
  print(invocation, {
    json: { destinationId: name, before: headOf(before), after: headOf(after), differences },
    text: (page) => describeComparison(before, after, { differences, page }),
  });
}

async function readReported(...found: Parameters<typeof findReported>): Promise<ExportReport> {
  const { report } = await findReported(...found);
  return wholeReport(found[0], report);
}

function headOf(report: ExportReport) {
  const { exportId, number, status, startedAt } = report;
  return { exportId, kind: kindOf(report), number, status, startedAt };
}

function label(report: ExportReport): string {
  return jobLabel({ ...report, kind: kindOf(report) });
}

function line(report: ExportReport): string {
  const { status, startedAt } = report;
  return `${jobTitle({ ...report, kind: kindOf(report) })}, ${status}, started ${instant(startedAt)}`;
}

function describeComparison(
  before: ExportReport,
  after: ExportReport,
  { differences, page }: { readonly differences: readonly Difference[]; readonly page: Page },
): string {
  return [
    `${line(before)}\n${line(after)}`,
    table(
      ['', 'NUMBER', label(before), label(after), 'DIFFERENCE'],
      differences.map((one) => [one.group, nameOf(one), ...numbersOf(one)]),
      page,
    ),
  ].join('\n\n');
}

/** As texts show it: a duration needs no unit in its name. */
export function nameOf({ name }: Difference): string {
  return name === TOOK ? 'took' : name;
}

/** Before, after, and the difference with its sign. Empty where it is not known. */
export function numbersOf({ name, before, after, difference }: Difference): [string, string, string] {
  const shown = name === TOOK ? duration : count;
  const sign = (value: number) => (value === 0 ? '0' : `${value > 0 ? '+' : '-'}${shown(Math.abs(value))}`);
  return [
    before === null ? '' : shown(before),
    after === null ? '' : shown(after),
    difference === null ? '' : sign(difference),
  ];
}
