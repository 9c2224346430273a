import { ExportError } from '../errors';
import { mayFindCredentials } from './credential-failure';
import { type Purpose, replacedWhileRead } from './object-store';

/** What was attempted when a store refused, or did not answer. */
export interface Attempt {
  /** Without anything secret: `s3://bucket`. */
  readonly store: string;
  /** In words, e.g. `to list`. With `of` an object: `to read KEY of`. */
  readonly what: string;
  /** Of an object that is read as it was listed: that it is another one now is no refusal. */
  readonly listed?: string;
  readonly purpose: Purpose;
  readonly signal?: AbortSignal;
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
  'IDPCommunicationError',
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
/** What a store itself says with 404. Another one is the answer of a proxy or a gateway before it. */
const ABSENT = /^(NoSuch[A-Z]\w*|\w+NotFound|Container\w+)$/;
const OTHER_REGION =
  /^(PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/;
const ARCHIVED = /^(InvalidObjectState|BlobArchived|BlobBeingRehydrated)$/;
const TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

const FULL = /^(XMinioStorageFull|QuotaExceeded|InsufficientStorage|AccountQuotaExceeded)$/;

/** What a failed request means. */
export function asStoreError(error: unknown, attempt: Attempt): unknown {
  const { store, listed, signal, purpose } = attempt;
  if (error instanceof ExportError) return error;
  if (signal?.aborted) return signal.reason;
  const failure = failureOf(error);
  const { status, codes } = failure;
  if (codes.some((code) => NO_CREDENTIALS.test(code)))
    return withoutCredentials(failure, attempt, mayFindCredentials(error));
  if (status === 404 && !codes.some((code) => ABSENT.test(code))) return notFromStore(failure, attempt);
  if (
    listed !== undefined &&
    (status === 404 || status === 412 || status === 416) &&
    !codes.some((code) => NO_STORE.test(code))
  )
    return replacedWhileRead(listed.split('/').at(-1) ?? listed);
  if (status === 507 || codes.some((code) => FULL.test(code))) return full(failure, attempt);
  if (status === 408 || status === 429 || (status ?? 0) >= 500 || codes.some((code) => PASSING.has(code)))
    return unavailable(store, codes[0] ?? String(status), purpose);
  return refusal(failure, attempt);
}

/** Whether it is a failure with one of these statuses, and of an object, not of the bucket or container. */
export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  const { status, codes } = failureOf(error);
  return status !== undefined && statuses.includes(status) && !codes.some((code) => NO_STORE.test(code));
}

/** @param code with which the store itself says that there is no such object. Another 404 is that of a gateway, or of a bucket that does not exist */
export async function unlessAbsent<Result>(
  found: Promise<Result>,
  code: string,
): Promise<Result | undefined> {
  try {
    return await found;
  } catch (error) {
    if (hasCode(error, code)) return undefined;
    throw error;
  }
}

/** Whether it is a failure with this code of the provider. */
export function hasCode(error: unknown, code: string): boolean {
  return failureOf(error).codes.includes(code);
}

/** The cause of an error of a store that has answered, and refused. */
class Refused extends Error {
  override readonly name = 'Refused';
}

/** Whether the store has answered, and refused: perhaps the credentials. */
export function isRefused(error: unknown): boolean {
  return error instanceof ExportError && error.cause instanceof Refused;
}

/** The connection to a store was lost, or it does not answer. */
export function unavailable(store: string, reason: string, purpose: Purpose): ExportError {
  return new ExportError(
    purpose.unavailable,
    `${store} does not answer, or ended the connection (${reason}). ${purpose.consequence} It is tried again; check that the store can be reached.`,
    { details: { reason } },
  );
}

function notFromStore({ codes }: Failure, { store, what, purpose }: Attempt): ExportError {
  const reason = codes[0] ?? '404';
  return new ExportError(
    purpose.unavailable,
    `A request ${what} ${store} was answered with 404, without the store's own error code (${reason}): perhaps by a proxy or gateway in between. ${purpose.consequence} It is tried again; check ${purpose.section}.endpoint and what is in between.`,
    { details: { reason }, cause: new Refused() },
  );
}

/** Only where no references are set: the client looks for credentials by itself. */
function withoutCredentials(
  { codes }: Failure,
  { store, what, purpose }: Attempt,
  mayPass: boolean,
): ExportError {
  const [reason = ''] = codes;
  const { unavailable, consequence, grant, section, owner } = purpose;
  const advice = `Give the worker an identity that ${grant}, or set the references of ${section} in ${owner}.`;
  const none = `There are no credentials ${what} ${store} (${reason})`;
  const options = { details: { reason }, cause: new Refused() };
  if (!mayPass) return new ExportError('SECRET_UNAVAILABLE', `${none}. ${advice}`, options);
  return new ExportError(
    unavailable,
    `${none}; perhaps the service that issues them does not answer. ${consequence} It is tried again. If it keeps failing: ${advice}`,
    options,
  );
}

function full({ status, codes }: Failure, { store, what, purpose }: Attempt): ExportError {
  const reason = codes[0] ?? String(status);
  return new ExportError(
    purpose.full,
    `${store} is full: it did not take a request ${what} (${reason}). Give it more space, then go on.`,
    { details: { reason } },
  );
}

function refusal({ status, codes }: Failure, { store, what, purpose }: Attempt): ExportError {
  const reason = codes[0] ?? String(status);
  const options = { details: { reason }, cause: new Refused() };
  const is = (pattern: RegExp) => codes.some((code) => pattern.test(code));
  const attempted = `${what} ${store}`;
  const { place, section, owner, grant } = purpose;
  const refused = (text: string) => new ExportError(purpose.refused, text, options);
  if (is(NO_STORE)) return refused(`${store} does not exist (${reason}). Correct ${place} of ${owner}.`);
  if (is(OTHER_REGION))
    return refused(
      `${store} is in another region (${reason}). Set ${section}.region to the region of the bucket.`,
    );
  if (is(ARCHIVED))
    return refused(`It did not work ${attempted}: it is archived (${reason}). ${purpose.archived}`);
  if (is(NOT_ACCEPTED))
    return refused(
      `The credentials ${attempted} were not accepted (${reason}). Check that they are complete, not expired, and of this store.`,
    );
  if (status === 401 || status === 403)
    return refused(`It is not allowed ${attempted} (${reason}). Use an identity that ${grant}.`);
  if (is(/^ENOTFOUND$/))
    return refused(
      `${store} was not reached: there is no such host. Correct ${place}, ${section}.endpoint or ${section}.region.`,
    );
  if (is(TLS))
    return refused(
      `${store} was not connected to: its certificate was not accepted (${reason}). For an authority of your own, set NODE_EXTRA_CA_CERTS; otherwise correct ${section}.endpoint.`,
    );
  if (status !== undefined)
    return refused(`${store} refused ${attempted} (${reason}). Check ${place} and ${section} of ${owner}.`);
  // A bug, or something new of a client: its text may have an address with a signature.
  return new ExportError('UNEXPECTED', `It did not work ${attempted} (${reason}).`, options);
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
  const [ofText] = /\b(E[A-Z]{4,20}|TimeoutError)\b/.exec(String(message)) ?? [];
  const codes = [details?.errorCode, code, cause?.code, ofClass, ofText];
  return {
    status: typeof status === 'number' ? status : undefined,
    codes: codes.filter((text): text is string => typeof text === 'string' && /^\w{1,60}$/.test(text)),
  };
}
