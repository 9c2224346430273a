import { metricMeter } from '@temporalio/workflow';
import { OUTCOMES } from '../contract/outcome';
import type { RefreshReport } from '../contract/refresh';
import { kindOf, type ExportReport } from '../contract/report';

// Recorded once, not again at replay: the SDK's meter of workflows sees to it. Tags are ids and closed lists.

/** Counts a job that has ended, and its profiles. */
export function recordReport(report: ExportReport): void {
  const { destinationId: destination, status, outcomes, durationMs, baselineSize, isSettled } = report;
  const kind = kindOf(report);
  metricMeter
    .createCounter('mailchimp_exports_total', 'exports', 'Exports and plans that have ended, by status')
    .add(1, { destination, kind, status });
  metricMeter
    .createHistogram('mailchimp_export_seconds', 'float', 's', 'How long exports and plans took')
    .record(durationMs / 1000, { destination, kind });
  if (kind !== 'export') return;
  const profiles = metricMeter.createCounter('mailchimp_profiles_total', 'profiles', 'Profiles by outcome');
  for (const outcome of OUTCOMES)
    if (outcomes[outcome] > 0) profiles.add(outcomes[outcome], { destination, outcome });
  if (isSettled)
    metricMeter
      .createGauge(
        'mailchimp_baseline_contacts',
        'int',
        'contacts',
        'Contacts that the destination keeps up to date',
      )
      .set(baselineSize, { destination });
  if (status === 'completed')
    metricMeter
      .createGauge(
        'mailchimp_last_completed_timestamp_seconds',
        'int',
        's',
        'When the last complete export has ended, in seconds since 1970',
      )
      .set(Math.floor(Date.now() / 1000), { destination });
}

/** Counts what has kept an export from going on: held, stopped, waiting. */
export function recordObstacle(destination: string, obstacle: string): void {
  metricMeter
    .createCounter(
      'mailchimp_obstacles_total',
      'exports',
      'Exports that were held, were stopped or had to wait',
    )
    .add(1, { destination, obstacle });
}

/** Counts what became of each destination of a refresh that has ended. */
export function recordRefresh({ destinations }: RefreshReport): void {
  const results = metricMeter.createCounter(
    'mailchimp_refresh_results_total',
    'destinations',
    'Destinations of refreshes that have ended, by result',
  );
  for (const { destinationId: destination, result } of destinations) results.add(1, { destination, result });
}

/** From the submission of a batch to its end. */
export function recordBatch(destination: string, seconds: number): void {
  metricMeter
    .createHistogram('mailchimp_batch_seconds', 'float', 's', 'From the submission of batches to their end')
    .record(seconds, { destination });
}
