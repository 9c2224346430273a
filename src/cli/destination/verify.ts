import type { StartedExportHandle } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import type { DriftClass } from '../../contract/drift';
import { kindOf, type ExportReport } from '../../contract/report';
import { errorCode } from '../../config/error-code';
import { writeWhole } from '../../config/write-whole';
import { ExportError } from '../../errors';
import type { DriftRow } from '../../ports/staging';
import { jobTitle } from '../../text/describe-export';
import { findExport } from '../export/find';
import { findWaiting, follow, printFollowed } from '../export/follow';
import { listRows, requireOneFormat, type RowFormatOptions } from '../export/row-format';
import { printWaiting, toJson } from '../export/start';
import { EXIT_REFUSED } from '../shell/failure';
import { print, sayLink, type Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { withLimit } from '../text/table-limit';
import { DRIFT_COLUMNS, driftCsv, driftRows } from '../text/verification';

export interface VerifyOptions {
  readonly repair?: true;
  readonly csv?: string;
  readonly wait: boolean;
  readonly failOnDrift?: true;
}

/** Verifies, and prints the counts; the contacts go into a file where one is named. */
export async function verifyDestination(
  invocation: Invocation,
  destinationId: string,
  { repair, csv: file, wait, failOnDrift }: VerifyOptions,
): Promise<number | undefined> {
  if (!wait && (file !== undefined || failOnDrift))
    invocation.usageError(`--no-wait and ${failOnDrift ? '--fail-on-drift' : '--csv'} exclude each other`);
  return withClient(invocation, async (client, { webUi }) => {
    const handle = await client.verify(destinationId, { ...(repair && { repair }), trigger: 'command line' });
    const link = webUi.export(destinationId, handle.firstExecutionRunId);
    const waiting = handle.disposition === 'started' ? undefined : await findWaiting(client, handle);
    if (waiting) return printWaiting(invocation, { handle, waiting, link });
    if (!wait) {
      print(invocation, { json: toJson(handle), text: () => describeStart(handle), webUi: link });
      return undefined;
    }
    invocation.terminal.err(describeStart(handle));
    sayLink(invocation, link);
    const followed = await follow(invocation, { client, handle, until: 'stopped' });
    if (followed.at === 'report' && followed.report.verification && file !== undefined)
      await writeRows(invocation, followed.report, file);
    const code = printFollowed(invocation, followed, invocation.options.json ? { webUi: link } : {});
    const differing = followed.at === 'report' ? (followed.report.verification?.differing ?? 0) : 0;
    return code ?? (failOnDrift && differing > 0 ? EXIT_REFUSED : undefined);
  });
}

async function writeRows(invocation: Invocation, report: ExportReport, file: string): Promise<void> {
  const rows = await (await openStoreOf(invocation, report)).readDrift(report, {});
  try {
    // With people, so only its owner's.
    await writeWhole(file, `${driftCsv(rows)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new ExportError(
      'INPUT_INVALID',
      `The contacts that differ cannot be written to ${file} (${errorCode(error)}). Name a file in a folder that exists and that this user may write to.`,
      { cause: error },
    );
  }
  invocation.terminal.err(`The contacts that differ are in ${file}.`);
}

function describeStart({ destinationId, id, number, disposition }: StartedExportHandle): string {
  const title = `${jobTitle({ kind: 'verify', number })} of "${destinationId}"`;
  const what = {
    started: `${title} has started`,
    joined: `${title} already does the same, so no second one was started`,
    queued: `${title} waits until the running export has ended`,
  }[disposition];
  return `${what} (${id}).`;
}

export interface DriftOptions extends RowFormatOptions {
  readonly class?: readonly DriftClass[];
}

/** Lists the contacts that a verification has found to differ, by default the last one. Rows come from the store. */
export async function showDrift(
  invocation: Invocation,
  { destinationId, which }: { readonly destinationId: string; readonly which: string | undefined },
  { class: classes, ...options }: DriftOptions,
): Promise<undefined> {
  requireOneFormat(invocation, options);
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const report = findVerification(view, which);
  const reader = await openStoreOf(invocation, report);
  const request = (limit: number | undefined) => ({
    ...(classes && { classes }),
    ...(limit !== undefined && { limit }),
  });
  const { exportId, number } = report;
  const kind = kindOf(report);
  return listRows<DriftRow>(invocation, options, {
    columns: DRIFT_COLUMNS,
    read: (limit) => reader.readDrift(report, request(limit)),
    write: (limit, file) => reader.writeDrift(report, request(limit), file),
    json: (drift) => ({ destinationId, exportId, kind, number, drift }),
    text: (rows, limit, page) =>
      rows.length === 0
        ? `${jobTitle({ kind, number })} of ${destinationId} has found no contact that differs${classes ? ' and matches' : ''}.`
        : withLimit(driftRows(rows, page), rows, limit),
  });
}

function hasDrift({ verification, sample }: ExportReport): boolean {
  return (verification ?? sample) !== undefined;
}

/** A verification, or an export with a sample. @throws ExportError EXPORT_NOT_FOUND */
function findVerification(view: DestinationView, which: string | undefined): ExportReport {
  const report = which === undefined ? view.exports.find(hasDrift) : findExport(view, which).report;
  if (report && hasDrift(report)) return report;
  const { destinationId } = view;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    which === undefined
      ? `The destination ${destinationId} has no verification that has ended. To start one: temporal-mailchimp destination verify ${destinationId}`
      : `"${which}" of ${destinationId} is no verification that has ended. Their numbers begin with v: temporal-mailchimp export list ${destinationId}`,
  );
}
