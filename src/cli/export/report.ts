import type { ExportReport } from '../../contract/report';
import { errorCode } from '../../config/error-code';
import { writeWhole } from '../../config/write-whole';
import { ExportError } from '../../errors';
import type { FailureRow } from '../../ports/staging';
import { jobTitle } from '../../text/describe-export';
import { print, type Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { notExported } from '../text/export';
import { findReported } from './find';
import { loadPlot } from './page/load-plot';
import { toMarkdown } from './page/markdown';
import { toPage } from './page/page';
import { reportBefore, wholeReport } from './past-reports';

export interface ReportOptions {
  /** A file; `-`: standard output. */
  readonly html?: string;
  readonly markdown?: boolean;
  readonly withPeople?: boolean;
}

/** Makes the report of an export, or of a plan, a page or Markdown. */
export async function reportExport(
  invocation: Invocation,
  { destinationId, numberOrId }: { readonly destinationId: string; readonly numberOrId: string | undefined },
  { html: file, markdown = false, withPeople = false }: ReportOptions,
): Promise<undefined> {
  const { options, terminal, usageError } = invocation;
  if ((file !== undefined) === markdown) usageError('pass either --html FILE or --markdown');
  if (options.json && (markdown || file === '-'))
    usageError('--json goes with --html FILE only; for the report as JSON: export show --json');
  // Before anything is asked: it may not be installed.
  const drawing = file === undefined ? undefined : loadPlot();
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const found = await findReported(invocation, view, numberOrId ?? view.exports[0]?.exportId);
  const report = await wholeReport(invocation, found.report);
  const facts = {
    report,
    name: view.name,
    audience: view.audience.name,
    before: await reportBefore(invocation, view, report),
    people: withPeople ? await peopleOf(invocation, report) : undefined,
    peopleInAll: notExported(report),
  };
  if (file === undefined || file === '-' || !drawing) {
    terminal.out(drawing ? toPage(facts, drawing) : toMarkdown(facts));
    return;
  }
  const page = toPage(facts, drawing);
  await writePage(file, page, withPeople);
  const { exportId, number } = report;
  print(invocation, {
    json: { destinationId, exportId, number, file },
    text: () => `The report of ${jobTitle(found).toLowerCase()} of ${destinationId} is in ${file}.`,
  });
}

/** A page is no place for a million rows: `export failures --csv` has all. */
const MOST_PEOPLE = 1_000;

async function peopleOf(invocation: Invocation, report: ExportReport): Promise<readonly FailureRow[]> {
  if (!report.isSettled) return [];
  const reader = await openStoreOf(invocation, report);
  return reader.readFailures(report, { limit: MOST_PEOPLE });
}

/** One with people is only its owner's. */
async function writePage(file: string, text: string, isPrivate: boolean): Promise<void> {
  try {
    await writeWhole(file, text, { mode: isPrivate ? 0o600 : 0o644 });
  } catch (error) {
    throw new ExportError(
      'INPUT_INVALID',
      `The page cannot be written to ${file} (${errorCode(error)}). Name a file in a folder that exists and that this user may write to.`,
      { cause: error },
    );
  }
}
