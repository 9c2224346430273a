import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { DefaultLogger, makeTelemetryFilterString, Runtime, type LogEntry } from '@temporalio/worker';
import type { LogFormat, LogLevel } from '../config/config';
import { ExportError, onOneLine } from '../errors';

/** What a line shows of an entry's attributes: ids and names. Others repeat what the line says, or are objects of many lines. */
const SHOWN = [
  'destination',
  'export',
  'step',
  'activityType',
  'workflowId',
  'attempt',
  'taskQueue',
  'state',
];

/** Of the worker for the steps of a store, which has activities only. */
const EXPECTED = /^No (?:workflows|Nexus services) registered/;

const MINUTE = 60;

/** In seconds. The SDK's own buckets end at ten, and an export may take hours. */
const EXPORT_BUCKETS = [1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 180 * MINUTE, 720 * MINUTE];
const REQUEST_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 130];

const BUCKETS = {
  mailchimp_export_seconds: EXPORT_BUCKETS,
  mailchimp_batch_seconds: EXPORT_BUCKETS,
  mailchimp_request_seconds: REQUEST_BUCKETS,
  mailchimp_connection_wait_seconds: REQUEST_BUCKETS,
};

const LEVELS = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
} as const satisfies Record<LogLevel, string>;

export interface RuntimeOptions {
  /** `host:port` where Prometheus finds the metrics of the SDK and of exports. @default none */
  readonly metricsAddress?: string | undefined;
  /** @default text */
  readonly logFormat?: LogFormat;
  /** The least level that is logged. @default info */
  readonly logLevel?: LogLevel;
}

/**
 * Makes the SDK log one line per entry to standard error, for people or as JSON, without stacks: a refused key or a missing file is no bug.
 * With TEMPORAL_MAILCHIMP_DEBUG=1 stacks are printed as well. Does nothing where the process has a runtime already.
 *
 * @throws ExportError CONFIG_INVALID where metrics cannot be served at the address
 */
export function installRuntime({
  metricsAddress,
  logFormat = 'text',
  logLevel = 'info',
}: RuntimeOptions = {}): void {
  const format = { text: describeEntry, json: entryToJson }[logFormat];
  const logger = new DefaultLogger(LEVELS[logLevel], (entry) => {
    const line = format(entry);
    if (line !== undefined) process.stderr.write(`${line}\n`);
  });
  try {
    Runtime.install({
      logger,
      telemetryOptions: {
        ...(metricsAddress !== undefined && {
          metrics: {
            prometheus: {
              // The SDK takes no name.
              bindAddress: metricsAddress.replace(/^localhost:/, '127.0.0.1:'),
              histogramBucketOverrides: BUCKETS,
            },
          },
        }),
        logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
      },
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'IllegalStateError') return;
    if (metricsAddress === undefined) throw error;
    throw new ExportError(
      'CONFIG_INVALID',
      `Metrics cannot be served at ${metricsAddress}: ${whyNotServed((error as Error).message)}. Choose another address: ` +
        'worker.metricsAddress, or --metrics-address.',
      { cause: error },
    );
  }
}

/** @param message of the SDK */
export function whyNotServed(message: string): string {
  if (/in use/i.test(message)) return 'another program listens there already';
  if (/assign requested|not available/i.test(message)) return 'this machine does not have that address';
  if (/denied/i.test(message)) return 'this user may not listen on that port';
  return onOneLine(message);
}

/** @returns undefined for an entry that says nothing */
export function describeEntry({ level, message, timestampNanos, meta = {} }: LogEntry): string | undefined {
  if (EXPECTED.test(message)) return undefined;
  const error = errorOf(meta);
  const shown = SHOWN.flatMap((name) => (name in meta ? [`${name} ${String(meta[name])}`] : []));
  const about = shown.length > 0 ? ` (${shown.join(', ')})` : '';
  const why = error === undefined ? '' : `: ${describeError(error)}`;
  return `${timeOf(timestampNanos)} ${level.padEnd(5)} ${onOneLine(message)}${about}${why}`;
}

/**
 * One JSON object: `time`, `level`, `message`, `error` where there is one, and the fields of the entry, but for those that are objects.
 * @returns undefined for an entry that says nothing
 */
export function entryToJson({ level, message, timestampNanos, meta = {} }: LogEntry): string | undefined {
  if (EXPECTED.test(message)) return undefined;
  const fields = Object.entries(meta).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  const error = errorOf(meta);
  return JSON.stringify({
    ...Object.fromEntries(fields),
    time: timeOf(timestampNanos),
    level,
    message,
    ...(error !== undefined && { error: describeError(error) }),
  });
}

function timeOf(timestampNanos: bigint): string {
  return new Date(Number(timestampNanos / 1_000_000n)).toISOString();
}

function errorOf(meta: Readonly<Record<string, unknown>>): unknown {
  return meta['error'] ?? meta['err'];
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
