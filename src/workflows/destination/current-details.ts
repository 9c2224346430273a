import { consentFacts } from '../../text/consent-facts';
import { describeBaseline, describeFailure } from '../../text/describe-export';
import { count, instant, listOf } from '../../text/format';
import { kindOf, type ExportReport } from '../../contract/report';
import { describeStale } from '../../text/describe-stale';
import type { DestinationState } from './state';
import { inMarkdown } from '../export/current-details';
import { staleOf } from './stale';

/** The destination's page in the Web UI. Markdown with one GFM table; ids and counts only. */
export function describeDestination(state: DestinationState, nowMs: number): string {
  const { connection, consent, configuration, baseline, phase, exports } = state;
  // The Web UI shows about six rows at once, and no summary after the first run.
  const whose = connection ? `${inMarkdown(connection.name)}: ` : '';
  const stale = staleOf(state, nowMs);
  const rows = [
    ...(stale ? [['Stale', describeStale(stale)]] : []),
    ['Last export', describeLast(exports.find((report) => kindOf(report) === 'export'))],
    ['In the baseline', describeBaseline(baseline ?? { size: 0 })],
    ['Audience', connection ? `${connection.audience.name} (${connection.audience.id})` : 'none yet'],
    ['Status if new', describeStatusIfNew(connection)],
    ['Consent', describeConsent(consent)],
    ['Segments', configuration ? listOf(configuration.segments.map(({ tag }) => tag)) : 'not configured yet'],
  ];
  const lines = rows.map(([name = '', value = '']) => `| ${name} | ${inMarkdown(value)} |`);
  return [`**${whose}destination ${phase}**`, '', '| | |', '|---|---|', ...lines].join('\n');
}

function describeStatusIfNew(connection: DestinationState['connection']): string {
  if (!connection) return '';
  const { statusIfNew, audience } = connection;
  const warnings = consentFacts(statusIfNew, audience).filter(({ kind }) => kind === 'warning');
  return [`${statusIfNew}.`, ...warnings.map(({ message }) => message)].join(' ');
}

function describeConsent(consent: DestinationState['consent']): string {
  if (!consent) return 'none';
  const { agreedBy, agreedAt, withdrawnAt } = consent;
  return withdrawnAt ? `withdrawn ${instant(withdrawnAt)}` : `${agreedBy}, ${instant(agreedAt)}`;
}

function describeLast(report: ExportReport | undefined): string {
  if (!report) return 'none';
  const last = `${report.number}: ${report.status}, ${count(report.selected)} profiles, ${instant(report.startedAt)}`;
  return [last, describeFailure(report)].filter(Boolean).join('. ');
}
