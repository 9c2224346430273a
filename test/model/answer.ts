import { OUTCOMES } from '../../src/contract/outcome';
import type { ExportReport } from '../../src/contract/report';
import type { FailureRow } from '../../src/ports/staging';
import type { Baseline } from './baseline';
import type { Told } from './world';

/** What an export told, in the model's words, with what its report adds up to. */
export interface Answer {
  readonly told: Told;
  readonly subjects: number;
  readonly sum: number;
  /** Null: the export ended before anything could change. */
  readonly baseline: Baseline | null;
  /** Which rows were not answered: see `Asked.fate`. */
  readonly fate: (address: string, tag?: string) => string | null;
}

/** Reasons that the contract does not tell apart. */
const BARE: readonly string[] = ['unproven', 'not_sent'];

export function inWords(
  report: ExportReport,
  rows: readonly FailureRow[],
): Omit<Answer, 'fate' | 'baseline'> {
  const subjects = rows.map(({ key, email, outcome, reason }) => {
    const why = reason === '' || BARE.includes(outcome) ? '' : ` ${reason}`;
    return `${key}, ${email}: ${outcome}${why}`;
  });
  const pairs = report.segments
    .map(({ name, tagged, untagged, failed }) => [name, { tagged, untagged, failed }] as const)
    .filter(([, { tagged, untagged, failed }]) => tagged + untagged + failed > 0);
  return {
    told: {
      status: report.status === 'failed' ? (report.failure?.code ?? '') : report.status,
      subjects: subjects.toSorted(),
      memberStatuses: Object.fromEntries(
        Object.entries(report.memberStatuses).filter(([, count]) => count > 0),
      ),
      pairs: Object.fromEntries(pairs),
    },
    subjects: report.selected + report.departed,
    sum: OUTCOMES.reduce((sum, outcome) => sum + report.outcomes[outcome], 0),
  };
}
