import { ExportError } from '../../errors';
import { replacedWhileRead } from './object-store';

/** What was attempted when a store refused, or did not answer. */
export interface Attempt {
  /** Without anything secret: `s3://bucket`. */
  readonly store: string;
  /** Of the object that was read; undefined: a list. */
  readonly key?: string;
  /** What the identity needs, as the end of a sentence. */
  readonly grant: string;
  readonly signal: AbortSignal;
}

/** What the errors of the clients have in common. None of their texts is passed on: it may have a signature in an address. */
interface Failure {
  /** Of HTTP; undefined: no answer. */
  readonly status: number | undefined;
  /** Of the provider, of the network, or the class of the error. */
  readonly codes: readonly string[];
}

/** Gone, or not there yet: another attempt may find it. A host without an entry in DNS is not among these. */
const PASSING = new Set([
  'AbortError',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
  'REQUEST_SEND_ERROR',
  'RequestTimeout',
  'RequestTimeoutException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
]);
const NO_CREDENTIALS =
  /^(CredentialsProviderError|TokenProviderError|CredentialUnavailableError|AuthenticationRequiredError|AggregateAuthenticationError|AuthenticationError)$/;
const NOT_ACCEPTED =
  /^(InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired|AuthenticationFailed|InvalidAuthenticationInfo|NoAuthenticationInformation|RequestTimeTooSkewed)$/;
const NO_STORE =
  /^(NoSuchBucket|ContainerNotFound|ContainerBeingDeleted|ContainerDisabled|AccountIsDisabled|InvalidBucketName)$/;
const OTHER_REGION =
  /^(PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/;
const ARCHIVED = /^(InvalidObjectState|BlobArchived|BlobBeingRehydrated)$/;
const TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** What a failed request means. */
export function asStoreError(error: unknown, attempt: Attempt): unknown {
  const { store, key, signal } = attempt;
  if (error instanceof ExportError) return error;
  if (signal.aborted) return signal.reason;
  const failure = failureOf(error);
  const { status, codes } = failure;
  if (key !== undefined && (status === 404 || status === 412 || status === 416) && !codes.some(isNoStore))
    return replacedWhileRead(key.split('/').at(-1) ?? key);
  if (status === 408 || status === 429 || (status ?? 0) >= 500 || codes.some((code) => PASSING.has(code)))
    return unavailable(store, codes[0] ?? String(status));
  return refusal(failure, attempt);
}

/** The connection to a store was lost, or it does not answer. */
export function unavailable(store: string, reason: string): ExportError {
  return new ExportError(
    'SOURCE_UNAVAILABLE',
    `${store} does not answer, or ended the connection (${reason}). Nothing that was read is used. It is tried again; check that the store can be reached.`,
    { details: { reason } },
  );
}

const isNoStore = (code: string) => NO_STORE.test(code);

function refusal({ status, codes }: Failure, { store, key, grant }: Attempt): ExportError {
  const reason = codes[0] ?? String(status);
  const details = { reason };
  const is = (pattern: RegExp) => codes.some((code) => pattern.test(code));
  const attempted = key === undefined ? `to list ${store}` : `to read ${key} of ${store}`;
  const refused = (text: string) => new ExportError('SOURCE_UNREADABLE', text, { details });
  if (is(NO_CREDENTIALS)) {
    return new ExportError(
      'SECRET_UNAVAILABLE',
      `There are no credentials ${attempted} (${reason}). Give the worker an identity that ${grant}, or set the references of storage in the source.`,
      { details },
    );
  }
  if (is(NO_STORE)) return refused(`${store} does not exist (${reason}). Correct root of the source.`);
  if (is(OTHER_REGION))
    return refused(
      `${store} is in another region (${reason}). Set storage.region to the region of the bucket.`,
    );
  if (is(ARCHIVED))
    return refused(`${key} of ${store} is archived (${reason}). Restore it, or name other files.`);
  if (is(NOT_ACCEPTED))
    return refused(
      `The credentials ${attempted} were not accepted (${reason}). Check that they are complete, not expired, and of this store.`,
    );
  if (status === 401 || status === 403)
    return refused(`It is not allowed ${attempted} (${reason}). Use an identity that ${grant}.`);
  if (is(/^ENOTFOUND$/))
    return refused(
      `${store} was not reached: there is no such host. Correct root, storage.endpoint or storage.region.`,
    );
  if (is(TLS))
    return refused(
      `${store} was not connected to: its certificate was not accepted (${reason}). For an authority of your own, set NODE_EXTRA_CA_CERTS; otherwise correct storage.endpoint.`,
    );
  if (status !== undefined)
    return refused(`${store} refused ${attempted} (${reason}). Check root and storage of the source.`);
  // A bug, or something new of a client: its text may have an address with a signature.
  return new ExportError('UNEXPECTED', `It did not work ${attempted} (${reason}).`, { details });
}

function failureOf(error: unknown): Failure {
  const { name, message, code, statusCode, $metadata, details, cause } = (error ?? {}) as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly code?: unknown;
    readonly statusCode?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly details?: { readonly errorCode?: unknown };
    readonly cause?: { readonly code?: unknown };
  };
  const status = $metadata?.httpStatusCode ?? statusCode;
  // The name of an error of the network says nothing.
  const ofClass = name === 'Error' ? undefined : name;
  // Of an error from another realm, as under jest, a client keeps the text only.
  const [ofText] = /\bE[A-Z]{4,20}\b/.exec(String(message)) ?? [];
  const codes = [details?.errorCode, code, cause?.code, ofClass, ofText];
  return {
    status: typeof status === 'number' ? status : undefined,
    codes: codes.filter((text): text is string => typeof text === 'string' && /^\w{1,60}$/.test(text)),
  };
}
