import { OUTCOMES } from '../../src/contract/outcome';
import type { ExportReport } from '../../src/contract/report';
import { nothingVerified } from '../../src/contract/drift';
import type { DriftRow, FailureRow } from '../../src/ports/staging';
import type { Baseline } from './baseline';
import type { VerifyResult } from './verification';
import type { ExportResult } from './world';

/** What an export reported, in the model's words, with the sums of its report. */
export interface Answer {
  readonly result: ExportResult;
  readonly subjects: number;
  readonly sum: number;
  /** Null: the export ended before anything could change. */
  readonly baseline: Baseline | null;
  /** Addresses that the baseline has as created by us. */
  readonly created: ReadonlySet<string> | null;
  readonly number: number;
  /** What an undo cannot take back. */
  readonly remains: ExportReport['remains'];
  /** The destination was removed with its report. */
  readonly isRemoved: boolean;
  /** Which rows were not answered: see `Asked.unanswered`. */
  readonly unanswered: (address: string, tag?: string) => string | null;
}

/** A person, as a request names one. */
export type Named = { readonly email: string } | { readonly key: string };

export interface ForgetAnswer {
  readonly isKeptOut: boolean;
}

/** What a verification reported, in the model's words. */
export function verificationInWords(
  { status, failure, verification }: ExportReport,
  rows: readonly DriftRow[],
): VerifyResult {
  const { compared, inAudience, gone, optedOut, notComparable, repaired } = verification ?? nothingVerified();
  const drift = rows.map(
    ({ class: name, key, email, status: found, detail }) => `${name}: ${key}, ${email}: ${found}; ${detail}`,
  );
  return {
    status: failure?.code ?? status,
    drift: drift.toSorted(),
    compared,
    inAudience,
    gone,
    optedOut,
    notComparable,
    repaired,
  };
}

/** Outcomes whose reasons the contract does not distinguish. */
const BARE: readonly string[] = ['unproven', 'not_sent'];

export function inWords(
  report: ExportReport,
  rows: readonly FailureRow[],
): Pick<Answer, 'result' | 'subjects' | 'sum' | 'number' | 'remains'> {
  const subjects = rows.map(({ key, email, outcome, reason, winner }) => {
    const why = reason === '' || BARE.includes(outcome) ? '' : ` ${winner ?? reason}`;
    return `${key}, ${email}: ${outcome}${why}`;
  });
  const pairs = report.segments
    .map(
      ({ name, tagged, untagged, failed, notSent = 0 }) =>
        [name, { tagged, untagged, failed, notSent }] as const,
    )
    .filter(([, counts]) => Object.values(counts).some((count) => count > 0));
  return {
    result: {
      status: report.status === 'failed' ? (report.failure?.code ?? '') : report.status,
      subjects: subjects.toSorted(),
      memberStatuses: Object.fromEntries(
        Object.entries(report.memberStatuses).filter(([, count]) => count > 0),
      ),
      pairs: Object.fromEntries(pairs),
    },
    number: report.number,
    remains: report.remains,
    subjects: report.selected + report.departed,
    sum: OUTCOMES.reduce((sum, outcome) => sum + report.outcomes[outcome], 0),
  };
}
