import { randomUUID } from 'node:crypto';
import type { Config } from '../../config/config';
import type { Alert, AlertEvent, Notice } from '../../contract/alert';

const HOUR_MS = 60 * 60_000;

/** An alert as it might come, of the first destination of the file. Its export has another id each time, so that no receiver takes it for a repetition. */
export function sampleAlert(event: AlertEvent, { destinations }: Pick<Config, 'destinations'>): Alert {
  const [[destinationId, destination] = ['newsletter', undefined] as const] = Object.entries(destinations);
  const subject = {
    destinationId,
    name: destination?.connect.name ?? destinationId,
    labels: destination?.connect.labels ?? [],
    at: new Date().toISOString(),
  };
  const job = { exportId: randomUUID(), kind: 'export', number: 1 } as const;
  return {
    event,
    isTest: true,
    notice: { ...subject, ...SAMPLES[event](subject.at), ...(event !== 'stale' && { export: job }) },
  };
}

const counts = (rejected: number) => ({
  selected: 1000,
  departed: 0,
  outcomes: { created: 1000 - rejected, ...(rejected > 0 && { rejected }) },
});

const SAMPLES: Readonly<
  Record<AlertEvent, (at: string) => Omit<Notice, 'destinationId' | 'name' | 'labels' | 'at'>>
> = {
  completed: () => ({ kind: 'completed', counts: counts(0) }),
  rejects: () => ({ kind: 'completed', counts: counts(100) }),
  held: () => ({ kind: 'held', guards: ['MASS_REMOVAL'] }),
  stopped: () => ({ kind: 'stopped', code: 'KEY_INVALID' }),
  failed: () => ({ kind: 'failed', code: 'SOURCE_EMPTY', counts: counts(0) }),
  recovered: () => ({ kind: 'completed', recoveredFrom: 'failed', counts: counts(0) }),
  stale: (at) => {
    const completedAt = new Date(Date.parse(at) - 26 * HOUR_MS).toISOString();
    return { kind: 'stale', stale: { since: at, completedAt, afterHours: 26 } };
  },
};
