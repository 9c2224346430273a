import { DRIFT_CLASSES, type Verification } from '../../contract/drift';
import type { ExportReport } from '../../contract/report';
import type { DriftRow } from '../../ports/staging';
import {
  describeInAudience,
  describeVerified,
  DRIFT_MEANING,
  verificationNotes,
} from '../../text/describe-drift';
import { describeRequests, jobLabel, jobTitle } from '../../text/describe-export';
import { count, duration, instant } from '../../text/format';
import { toCsv } from './csv';
import { toned, type Page } from './page';
import { pairs, table } from './table';

/** The report of a verification, with what it has found in the first line. */
export function describeVerification(report: ExportReport, verification: Verification, page: Page): string {
  const { number, exportId, startedAt, durationMs, tally, storeId } = report;
  const tone = verification.differing > 0 ? 'warning' : 'good';
  const title = toned(page, tone, jobTitle({ kind: 'verify', number }));
  return [
    `${title}: ${describeVerified(verification)}`,
    driftTable(verification, page),
    verificationNotes(verification).join('\n'),
    pairs(
      [
        ['Contacts', describeInAudience(verification)],
        ['Verification', exportId],
        ['Started', `${instant(startedAt)}, took ${duration(durationMs)}`],
        ['Requests', tally ? describeRequests(tally) : 'unknown'],
        ['Rows', `staging store ${storeId}`],
      ],
      page,
    ),
    hint(report, verification),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function driftTable({ drift }: Verification, page: Page): string {
  const found = DRIFT_CLASSES.filter((name) => drift[name] > 0);
  if (found.length === 0) return '';
  return table(
    ['DIFFERS', 'CONTACTS', 'MEANING'],
    found.map((name) => [name, count(drift[name]), DRIFT_MEANING[name]]),
    page,
  );
}

function hint({ destinationId, number }: ExportReport, { differing }: Verification): string {
  if (differing === 0) return '';
  return `To list these contacts: temporal-mailchimp destination drift ${destinationId} ${jobLabel({ kind: 'verify', number })}`;
}

export function driftRows(rows: readonly DriftRow[], page: Page): string {
  return table(
    ['DIFFERS', 'KEY', 'EMAIL', 'STATUS', 'FIELDS OR TAGS'],
    rows.map((row) => DRIFT_COLUMNS.map((column) => row[column])),
    page,
  );
}

export const DRIFT_COLUMNS = [
  'class',
  'key',
  'email',
  'status',
  'detail',
] as const satisfies readonly (keyof DriftRow)[];

export function driftCsv(rows: readonly DriftRow[]): string {
  return toCsv(
    DRIFT_COLUMNS,
    rows.map((row) => DRIFT_COLUMNS.map((column) => row[column])),
  );
}
