import type { DestinationView } from '../../contract/destination';
import type { ExportReport } from '../../contract/report';
import { ExportError } from '../../errors';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An export that a destination knows: its report, once it has ended. */
export interface KnownExport {
  readonly exportId: string;
  /** Undefined for one that waits: the destination tells only how many there are. */
  readonly number: number | undefined;
  readonly report: ExportReport | undefined;
}

/**
 * The export that people mean by its number or its id; without either the one that runs, else the last.
 * @throws ExportError EXPORT_NOT_FOUND
 */
export function findExport(view: DestinationView, asked: string | undefined): KnownExport {
  const known = knownExports(view);
  const found =
    asked === undefined
      ? known[0]
      : known.find(({ exportId, number }) => exportId === asked || String(number) === asked);
  if (found) return found;
  if (view.queued > 0 && asked !== undefined && UUID.test(asked)) {
    return { exportId: asked, number: undefined, report: undefined };
  }
  const { destinationId } = view;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    known.length === 0
      ? `The destination ${destinationId} has had no export yet. Start one: temporal-mailchimp export start ${destinationId}`
      : `The destination ${destinationId} knows no export "${asked}". It knows: ${known.map(({ number }) => number).join(', ')}.`,
  );
}

/** The last one that has ended: only then is it known who was not exported. */
export function findEnded(view: DestinationView, asked: string | undefined): ExportReport {
  const { report } = findExport(view, asked ?? view.exports.find(({ isSettled }) => isSettled)?.exportId);
  if (report) return report;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `The export has not ended; who was not exported is known when it has ended. Watch it: temporal-mailchimp export watch ${view.destinationId}`,
  );
}

function knownExports({ running, exports }: DestinationView): KnownExport[] {
  return [
    ...(running ? [{ ...running, report: undefined }] : []),
    ...exports.map((report) => ({ exportId: report.exportId, number: report.number, report })),
  ];
}
