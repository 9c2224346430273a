/**
 * What Temporal and the export workflow do with a code:
 * - `refuse`: never retried; the caller has to change something.
 * - `retry`: the world may get better by itself; retried with back-off, for ever if need be.
 * - `stop`: an export keeps its place and waits for `resume`, since only a person can mend it.
 */
type Treatment = 'refuse' | 'retry' | 'stop';

/** Every way this package fails on purpose. Retry is decided here and nowhere else. */
const CODES = {
  // What a person typed or configured
  CONFIG_INVALID: 'refuse',
  CONFIG_UNREADABLE: 'refuse',
  INPUT_INVALID: 'refuse',
  SECRET_UNAVAILABLE: 'refuse',
  CONSENT_REQUIRED: 'refuse',
  EMAIL_NOT_MATCHED: 'refuse',
  ATTRIBUTE_NOT_FOUND: 'refuse',
  SEGMENT_NOT_FOUND: 'refuse',
  MERGE_FIELD_NOT_FOUND: 'refuse',
  MERGE_FIELD_UNSUPPORTED: 'refuse',
  REQUIRED_FIELD_UNMATCHED: 'refuse',
  TAG_INVALID: 'refuse',
  TAG_TAKEN: 'refuse',
  // The source
  SOURCE_NOT_FOUND: 'refuse',
  SOURCE_UNREADABLE: 'refuse',
  SOURCE_MALFORMED: 'refuse',
  SOURCE_EMPTY: 'refuse',
  SOURCE_KEY_NOT_UNIQUE: 'refuse',
  SEGMENT_SQL_INVALID: 'refuse',
  TOO_MANY_PROFILES: 'refuse',
  // Mailchimp
  KEY_INVALID: 'refuse',
  ACCOUNT_NOT_FOUND: 'refuse',
  ACCOUNT_MISMATCH: 'refuse',
  ROLE_TOO_LOW: 'refuse',
  AUDIENCE_NOT_FOUND: 'refuse',
  AUDIENCE_IN_USE: 'refuse',
  AUDIENCE_MISMATCH: 'refuse',
  MAILCHIMP_REFUSED: 'refuse',
  MAILCHIMP_BUSY: 'retry',
  MAILCHIMP_UNAVAILABLE: 'retry',
  KEY_REVOKED: 'stop',
  AUDIENCE_GONE: 'stop',
  PLAN_LIMIT: 'stop',
  // An export
  EXPORT_NOT_HELD: 'refuse',
  PLAN_OUTDATED: 'refuse',
  SUPERSEDED: 'refuse',
  ACCOUNTING_MISMATCH: 'refuse',
  CONSENT_TRIPWIRE: 'refuse',
  PROVIDER_DIFFERS: 'refuse',
  // The destination
  DESTINATION_NOT_FOUND: 'refuse',
  DESTINATION_REMOVED: 'refuse',
  NOT_CONNECTED: 'refuse',
  NOT_CONFIGURED: 'refuse',
  DESTINATION_BUSY: 'refuse',
  EXPORT_NOT_FOUND: 'refuse',
  EXPORT_CANCELLED: 'refuse',
  REQUEST_EXPIRED: 'refuse',
  // Staging
  BASELINE_EXISTS: 'refuse',
  STAGING_CORRUPT: 'refuse',
  STAGING_NOT_REACHABLE: 'refuse',
  STAGING_WORKER_MISSING: 'retry',
  STAGING_FAILED: 'retry',
  DISK_FULL: 'stop',
  // Temporal
  WORKER_NOT_RUNNING: 'refuse',
  TEMPORAL_UNREACHABLE: 'refuse',
  TEMPORAL_SERVER_UNAVAILABLE: 'refuse',
  BUNDLE_MISMATCH: 'refuse',
} as const satisfies Record<string, Treatment>;

export type ExportErrorCode = keyof typeof CODES;

export interface ExportErrorOptions extends ErrorOptions {
  /** Safe to log, to show and to keep in Temporal's history: ids and counts, never addresses, names, rows or keys. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/**
 * The only error this package throws on purpose.
 *
 * One class with a closed set of codes, not a class per case: Temporal keeps a failure's `type` across the wire
 * but not its class, so nobody on the other side could use `instanceof`.
 */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly code: ExportErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: ExportErrorCode, message: string, options: ExportErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.details = options.details ?? {};
  }
}

export function isExportErrorCode(value: unknown): value is ExportErrorCode {
  return typeof value === 'string' && Object.hasOwn(CODES, value);
}

export function treatmentOf(code: ExportErrorCode): Treatment {
  return CODES[code];
}
