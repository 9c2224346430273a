/**
 * What Temporal and the export workflow do with an error code:
 * - `refuse`: not retried; the caller must change something.
 * - `retry`: transient; retried with backoff, without a limit.
 * - `stop`: not retried, because it needs an operator: an export keeps its position and waits for `resume`, another request is refused.
 */
type Treatment = 'refuse' | 'retry' | 'stop';

/** All error codes of this package. This is the only place that decides whether an error is retried. */
const CODES = {
  // Input and configuration
  CONFIG_INVALID: 'refuse',
  CONFIG_UNREADABLE: 'refuse',
  INPUT_INVALID: 'refuse',
  SECRET_UNAVAILABLE: 'stop',
  CONSENT_REQUIRED: 'refuse',
  CONSENT_WITHDRAWN: 'refuse',
  EMAIL_NOT_MATCHED: 'refuse',
  ATTRIBUTE_NOT_FOUND: 'refuse',
  SEGMENT_NOT_FOUND: 'refuse',
  MERGE_FIELD_NOT_FOUND: 'refuse',
  MERGE_FIELD_UNSUPPORTED: 'refuse',
  MERGE_FIELD_TAKEN: 'refuse',
  REQUIRED_FIELD_UNMATCHED: 'refuse',
  GROUP_NOT_FOUND: 'refuse',
  EXPRESSION_INVALID: 'refuse',
  CONSENT_PROOF_REQUIRED: 'refuse',
  TAG_INVALID: 'refuse',
  TAG_TAKEN: 'refuse',
  CONFIGURATION_TOO_LARGE: 'refuse',
  // The source
  SOURCE_NOT_FOUND: 'refuse',
  SOURCE_UNREADABLE: 'refuse',
  SOURCE_UNAVAILABLE: 'retry',
  SOURCE_MALFORMED: 'refuse',
  SOURCE_EMPTY: 'refuse',
  SOURCE_KEY_NOT_UNIQUE: 'refuse',
  SEGMENT_SQL_INVALID: 'refuse',
  TOO_MANY_PROFILES: 'refuse',
  // Mailchimp
  KEY_INVALID: 'stop',
  KEY_REVOKED: 'stop',
  SIGN_IN_FAILED: 'refuse',
  ACCOUNT_NOT_FOUND: 'refuse',
  ACCOUNT_MISMATCH: 'stop',
  ROLE_TOO_LOW: 'stop',
  AUDIENCE_NOT_FOUND: 'stop',
  AUDIENCE_IN_USE: 'refuse',
  AUDIENCE_MISMATCH: 'refuse',
  MAILCHIMP_REFUSED: 'refuse',
  MAILCHIMP_BUSY: 'retry',
  MAILCHIMP_UNAVAILABLE: 'retry',
  PLAN_LIMIT: 'stop',
  // An export
  EXPORT_NOT_HELD: 'refuse',
  PLAN_OUTDATED: 'refuse',
  SECOND_PERSON_REQUIRED: 'refuse',
  SUPERSEDED: 'refuse',
  ACCOUNTING_MISMATCH: 'refuse',
  CONSENT_TRIPWIRE: 'refuse',
  PROVIDER_DIFFERS: 'refuse',
  UNDO_BLOCKED: 'refuse',
  UNDO_EXPIRED: 'refuse',
  // The destination
  DESTINATION_NOT_FOUND: 'refuse',
  DESTINATION_REMOVED: 'refuse',
  DESTINATION_TERMINATED: 'refuse',
  DESTINATION_OWNER_MISMATCH: 'refuse',
  NOT_CONNECTED: 'refuse',
  NOT_CONFIGURED: 'refuse',
  DESTINATION_BUSY: 'refuse',
  EXPORT_NOT_FOUND: 'refuse',
  EXPORT_CANCELLED: 'refuse',
  EXPORT_DENIED: 'refuse',
  EXPORT_EXPIRED: 'refuse',
  REQUEST_EXPIRED: 'refuse',
  // A schedule
  SCHEDULE_NOT_FOUND: 'refuse',
  SCHEDULE_EXISTS: 'refuse',
  SCHEDULE_OWNER_MISMATCH: 'refuse',
  // Alerts
  RECEIVER_NOT_FOUND: 'refuse',
  ALERT_REFUSED: 'refuse',
  ALERT_NOT_DELIVERED: 'retry',
  // Staging
  BASELINE_EXISTS: 'refuse',
  FORGET_NOT_FOUND: 'refuse',
  STAGING_CORRUPT: 'refuse',
  STAGING_NOT_REACHABLE: 'refuse',
  STAGING_WORKER_MISSING: 'retry',
  STAGING_FAILED: 'retry',
  STAGING_STORE_UNSAFE: 'refuse',
  STORE_MOVED: 'refuse',
  STORE_NOT_EMPTY: 'refuse',
  DISK_FULL: 'stop',
  // Temporal
  WORKER_NOT_RUNNING: 'refuse',
  TEMPORAL_UNREACHABLE: 'refuse',
  TEMPORAL_SERVER_UNAVAILABLE: 'refuse',
  BUNDLE_MISMATCH: 'refuse',
  TEMPORAL_SDK_MISMATCH: 'refuse',
  SEARCH_ATTRIBUTES_MISSING: 'refuse',
  /** A bug. Transient, so that a deploy which fixes it also rescues the export. */
  UNEXPECTED: 'retry',
} as const satisfies Record<string, Treatment>;

/** Stable codes. `retry` and `stop` codes do not end an export: it waits, or is stopped until a person has fixed the cause. @useDeclaredType */
export type ExportErrorCode = keyof typeof CODES;

/** Options of an ExportError, as those of an Error. */
export interface ExportErrorOptions extends ErrorOptions {
  /** Safe to log, display and keep in Temporal's history: ids and counts, never addresses, names, rows or keys. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/**
 * The error of every failure that this package expects. Its message says what was attempted, what came back and what to do.
 *
 * There is one class with a closed set of codes: Temporal preserves the `type` of a failure between processes but not its class, so
 * `instanceof` with a class per code would not work.
 */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly code: ExportErrorCode;
  /** Ids and counts. */
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: ExportErrorCode, message: string, options: ExportErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** A key that several rows of a source have. */
export interface RepeatedKey {
  readonly key: string;
  readonly rows: number;
}

/**
 * The cause of SOURCE_KEY_NOT_UNIQUE, whose message is that of the error without the command that shows the keys, with some of the keys, which may be personal. A cause never leaves the process: a command that
 * reads the source on the machine of the files may show them.
 */
export class RepeatedKeys extends Error {
  override readonly name = 'RepeatedKeys';

  readonly keys: readonly RepeatedKey[];

  constructor(message: string, keys: readonly RepeatedKey[]) {
    super(message);
    this.keys = keys;
  }
}

/**
 * Codes of version 0.2.0 in the histories of its exports, which had two codes for one cause. They are treated as they were. Its KEY_REVOKED,
 * of a key, has the treatment that the code has now, of a sign-in.
 */
const FORMER_CODES = { AUDIENCE_GONE: 'AUDIENCE_NOT_FOUND' } as const;

/** The code that the `type` of a failure names; undefined for any other failure. */
export function exportErrorCode(type: unknown): ExportErrorCode | undefined {
  if (isExportErrorCode(type)) return type;
  return typeof type === 'string' && Object.hasOwn(FORMER_CODES, type)
    ? FORMER_CODES[type as keyof typeof FORMER_CODES]
    : undefined;
}

export function isExportErrorCode(value: unknown): value is ExportErrorCode {
  return typeof value === 'string' && Object.hasOwn(CODES, value);
}

export function treatmentOf(code: ExportErrorCode): Treatment {
  return CODES[code];
}

/** No worker or no server answers. An export outlives both: the question can be asked again. */
export function isOutage(error: unknown): error is ExportError {
  return (
    error instanceof ExportError &&
    (error.code === 'WORKER_NOT_RUNNING' || error.code === 'TEMPORAL_UNREACHABLE')
  );
}

/** For a request to the destination of another team. */
export function ownerMismatch(destinationId: string, owner: string): ExportError {
  return new ExportError(
    'DESTINATION_OWNER_MISMATCH',
    `The destination ${destinationId} belongs to the task queue "${owner}", on which it was connected. Nothing was changed. Use the ` +
      'configuration of that task queue, or another name for the destination.',
  );
}

/** The message of an error, for a list or a log with one line for each entry. */
export function onOneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, ' ');
}
