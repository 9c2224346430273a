import type { ExportClient, ExportHandle } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import type { JobKind } from '../../contract/job-kind';
import { kindOf, type ExportReport } from '../../contract/report';
import { jobLabel, jobTitle } from '../../text/describe-export';
import { ExportError } from '../../errors';
import type { Invocation } from '../shell/invocation';
import { findPastReport } from './past-reports';

/** An export in the view of a destination. */
export interface KnownExport {
  readonly exportId: string;
  readonly kind: JobKind;
  readonly number: number;
  /** Undefined until it has ended. */
  readonly report: ExportReport | undefined;
  /** Its run is the latest of the workflow that all exports of the destination share. */
  readonly isLatest: boolean;
}

/**
 * The export with this number, the plan with "p" and this number, or the one with this id; without either, the running export, otherwise the last.
 * @throws ExportError EXPORT_NOT_FOUND
 */
export function findExport(view: DestinationView, numberOrId: string | undefined): KnownExport {
  const found = lookUp(view, numberOrId);
  if (found) return found;
  const { destinationId } = view;
  const known = knownExports(view);
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    known.length === 0
      ? `The destination ${destinationId} has no export yet. To start one: temporal-mailchimp export start ${destinationId}`
      : `The destination ${destinationId} has no export "${numberOrId}". It has: ${known.map(jobLabel).join(', ')}.`,
  );
}

/** As `findExport`; one that the destination no longer keeps is read from the store. @throws ExportError EXPORT_NOT_FOUND */
export async function findKept(
  invocation: Invocation,
  view: DestinationView,
  numberOrId: string | undefined,
): Promise<KnownExport> {
  const past =
    numberOrId === undefined || lookUp(view, numberOrId)
      ? undefined
      : await findPastReport(invocation, view, numberOrId);
  return past ? { ...knownReport(past), isLatest: false } : findExport(view, numberOrId);
}

/** The export, or the plan, with its report. @throws ExportError EXPORT_NOT_FOUND while it has not ended */
export async function findReported(
  invocation: Invocation,
  view: DestinationView,
  numberOrId: string | undefined,
): Promise<KnownExport & { readonly report: ExportReport }> {
  const found = await findKept(invocation, view, numberOrId);
  const { report } = found;
  if (report) return { ...found, report };
  const { destinationId } = view;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `${jobTitle(found)} of ${destinationId} has not ended yet. To watch it: temporal-mailchimp export watch ${destinationId}`,
  );
}

/** The report of a finished export, by default the last: failures are known only when an export has ended. */
export async function findEnded(
  invocation: Invocation,
  view: DestinationView,
  numberOrId: string | undefined,
): Promise<ExportReport> {
  const last = view.exports.find(({ isSettled }) => isSettled)?.exportId;
  const found = await findKept(invocation, view, numberOrId ?? last);
  if (found.kind !== 'export') {
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      `${jobTitle(found)} of ${view.destinationId} sent nothing, so it has no failures. Its numbers: temporal-mailchimp export show ${view.destinationId} ${jobLabel(found)}`,
    );
  }
  if (found.report) return found.report;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `The export has not ended yet, so its failures are not known. To watch it: temporal-mailchimp export watch ${view.destinationId}`,
  );
}

/** @throws ExportError EXPORT_NOT_FOUND when none runs */
export async function runningExport(client: ExportClient, destinationId: string): Promise<ExportHandle> {
  const { running } = await client.describe(destinationId);
  if (running) return client.handle({ destinationId, exportId: running.exportId });
  throw noneRunning(destinationId);
}

export function noneRunning(destinationId: string): ExportError {
  return new ExportError('EXPORT_NOT_FOUND', `No export of the destination ${destinationId} is running.`);
}

function lookUp(view: DestinationView, numberOrId: string | undefined): KnownExport | undefined {
  const known = knownExports(view);
  // A person who was forgotten is looked up by name only.
  if (numberOrId === undefined) return known.find(({ kind }) => kind !== 'forget');
  return known.find((one) => one.exportId === numberOrId || jobLabel(one) === numberOrId);
}

function knownExports({ running, queued, exports }: DestinationView): KnownExport[] {
  const waiting = queued.map((job) => ({ ...job, report: undefined, isLatest: false }));
  const begun = [...(running ? [{ ...running, report: undefined }] : []), ...exports.map(knownReport)];
  return [...begun.map((found, index) => ({ ...found, isLatest: index === 0 })), ...waiting];
}

function knownReport(report: ExportReport) {
  return { exportId: report.exportId, kind: kindOf(report), number: report.number, report };
}
