import type { ExportClient, ExportHandle } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import type { JobKind } from '../../contract/job-kind';
import { kindOf, type ExportReport } from '../../contract/report';
import { jobLabel, jobTitle } from '../../text/describe-export';
import { ExportError } from '../../errors';

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
  const known = knownExports(view);
  const found =
    numberOrId === undefined
      ? known[0]
      : known.find((one) => one.exportId === numberOrId || jobLabel(one) === numberOrId);
  if (found) return found;
  const { destinationId } = view;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    known.length === 0
      ? `The destination ${destinationId} has no export yet. To start one: temporal-mailchimp export start ${destinationId}`
      : `The destination ${destinationId} has no export "${numberOrId}". It has: ${known.map(jobLabel).join(', ')}.`,
  );
}

/** The export, or the plan, with its report. @throws ExportError EXPORT_NOT_FOUND while it has not ended */
export function findReported(
  view: DestinationView,
  numberOrId: string | undefined,
): KnownExport & { readonly report: ExportReport } {
  const found = findExport(view, numberOrId);
  const { report } = found;
  if (report) return { ...found, report };
  const { destinationId } = view;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `${jobTitle(found)} of ${destinationId} has not ended yet. To watch it: temporal-mailchimp export watch ${destinationId}`,
  );
}

/** The report of a finished export, by default the last: failures are known only when an export has ended. */
export function findEnded(view: DestinationView, numberOrId: string | undefined): ExportReport {
  const found = findExport(view, numberOrId ?? view.exports.find(({ isSettled }) => isSettled)?.exportId);
  if (found.kind === 'plan') {
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

function knownExports({ running, queued, exports }: DestinationView): KnownExport[] {
  const waiting = queued.map((job) => ({ ...job, report: undefined, isLatest: false }));
  const begun = [
    ...(running ? [{ ...running, report: undefined }] : []),
    ...exports.map((report) => ({
      exportId: report.exportId,
      kind: kindOf(report),
      number: report.number,
      report,
    })),
  ];
  return [...begun.map((found, index) => ({ ...found, isLatest: index === 0 })), ...waiting];
}
