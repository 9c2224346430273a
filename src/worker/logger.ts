import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { DefaultLogger, makeTelemetryFilterString, Runtime, type LogEntry } from '@temporalio/worker';
import { ExportError, onOneLine } from '../errors';

/** What a line shows of an entry's attributes: ids and names. Others repeat what the line says, or are objects of many lines. */
const SHOWN = ['activityType', 'workflowId', 'attempt', 'taskQueue', 'state'];

/** Of the worker for the steps of a store, which has activities only. */
const EXPECTED = /^No (?:workflows|Nexus services) registered/;

/**
 * Makes the SDK log one readable line per entry to standard error, without stacks: a refused key or a missing file is no bug. With
 * TEMPORAL_MAILCHIMP_DEBUG=1 stacks are printed as well. Does nothing where the process has a runtime already.
 */
export function installLogger(): void {
  const logger = new DefaultLogger('INFO', (entry) => {
    const line = describeEntry(entry);
    if (line !== undefined) process.stderr.write(`${line}\n`);
  });
  try {
    Runtime.install({
      logger,
      telemetryOptions: {
        logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
      },
    });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'IllegalStateError')) throw error;
  }
}

/** @returns undefined for an entry that says nothing */
export function describeEntry({ level, message, timestampNanos, meta = {} }: LogEntry): string | undefined {
  if (EXPECTED.test(message)) return undefined;
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const error: unknown = meta['error'] ?? meta['err'];
  const shown = SHOWN.flatMap((name) => (name in meta ? [`${name} ${String(meta[name])}`] : []));
  const about = shown.length > 0 ? ` (${shown.join(', ')})` : '';
  const why = error === undefined ? '' : `: ${describeError(error)}`;
  return `${time} ${level.padEnd(5)} ${onOneLine(message)}${about}${why}`;
}

function describeError(error: unknown): string {
  if (process.env['TEMPORAL_MAILCHIMP_DEBUG'] === '1' && error instanceof Error) return error.stack ?? '';
  if (error instanceof ExportError) return `${error.code}: ${onOneLine(error.message)}`;
  if (error instanceof ApplicationFailure)
    return `${error.type ?? 'ApplicationFailure'}: ${onOneLine(error.message)}`;
  if (error instanceof CancelledFailure) return 'cancelled';
  // The failure of an activity or a child says only that it failed.
  if (error instanceof TemporalFailure && error.cause) return describeError(error.cause);
  return error instanceof Error ? `${error.name}: ${onOneLine(error.message)}` : onOneLine(String(error));
}
