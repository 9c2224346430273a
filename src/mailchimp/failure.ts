import { z } from 'zod';
import { ExportError, type ExportErrorCode } from '../errors';
import { isPlanLimit } from './plan-limit';
import { withoutAddress } from './without-address';

/** What a request asks of Mailchimp, without any value of a contact. */
export interface Asked {
  /** Ends the sentence "Could not …". */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with its parameters' names, never their values. */
  readonly route: string;
  /** The name of the account whose token the request carries; undefined: it carries an API key. */
  readonly signedInTo?: string | undefined;
}

/** What to do about a token that is refused: no other one can be had without the user. */
export function signInAgain(account: string): string {
  return `Sign in again: temporal-mailchimp account login ${account}`;
}

/**
 * Whether the request may be retried at once:
 * - `busy`: Mailchimp did not process it (429, 503, 403 without a reason).
 * - `unsent`: no connection could be made, so it was not sent.
 * - `lost`: it may have been applied; there is no usable reply.
 * - `failed`: Mailchimp answered 500; for a write, one row can be the cause each time.
 * - `final`: the reply would be the same.
 */
export type Repeat = 'busy' | 'unsent' | 'lost' | 'failed' | 'final';

export interface Failure {
  readonly repeat: Repeat;
  readonly error: ExportError;
}

const ProblemSchema = z.object({
  title: z.string(),
  detail: z.string().catch(''),
  /** The request's id, for Mailchimp's support. */
  instance: z
    .string()
    .regex(/^[0-9a-f-]{8,64}$/i)
    .catch(''),
  errors: z
    .array(z.object({ field: z.string().catch(''), message: z.string().catch('') }))
    .catch([])
    .default([]),
});
type Problem = z.infer<typeof ProblemSchema>;

const HttpErrorSchema = z.object({
  status: z.number(),
  response: z.object({ body: z.unknown().optional() }),
});

/** Routes whose only parameter is the audience: a 404 there means that the audience does not exist. */
const AUDIENCE_ROUTE = /^\/lists\/\{list_id\}[^{}]*$/;

/** The only place that translates errors of Mailchimp's client. Nothing of superagent's error is kept: it contains the key and the body. */
export function toFailure(asked: Asked, thrown: unknown): Failure {
  if (thrown instanceof ExportError) return { repeat: 'final', error: thrown };
  const answered = HttpErrorSchema.safeParse(thrown);
  if (!answered.success) return lost(asked, thrown);
  const { status, response } = answered.data;
  const problem = ProblemSchema.safeParse(response.body);
  return fromStatus(asked, status, problem.success ? problem.data : undefined);
}

/** For a reply with a 2xx status whose body has another shape than Mailchimp's reference says. */
export function toUnreadable(asked: Asked, why: string): Failure {
  const message = `${attempted(asked)} Mailchimp replied in an unknown format (${why}). The same request can succeed later.`;
  return { repeat: 'lost', error: unavailable(asked, 'unreadable', { message }) };
}

export function toTimeout(asked: Asked, timeoutMs: number): Failure {
  const message = `${attempted(asked)} got no reply within ${timeoutMs} ms. The request may still be running at Mailchimp. The same request can succeed later.`;
  return { repeat: 'lost', error: unavailable(asked, 'timeout', { message }) };
}

function fromStatus(asked: Asked, status: number, problem: Problem | undefined): Failure {
  if (status === 429 || status === 503 || (status === 403 && !problem)) {
    return { repeat: 'busy', error: answered(asked, { status, problem, ...BUSY }) };
  }
  if (status === 500) return { repeat: 'failed', error: answered(asked, { status, problem, ...FAILED }) };
  if (status > 500 || status < 400) {
    return { repeat: 'lost', error: answered(asked, { status, problem, ...FAILED, class: 'reply_lost' }) };
  }
  // A page without a reason comes from a proxy in front of the API; it was observed to be transient.
  if (status === 400 && !problem) {
    return { repeat: 'lost', error: answered(asked, { status, problem, ...FAILED, class: 'unreadable' }) };
  }
  return { repeat: 'final', error: answered(asked, { status, problem, ...refusal(asked, status, problem) }) };
}

interface Meaning {
  readonly code: ExportErrorCode;
  readonly class: string;
  readonly advice: string;
}

const BUSY: Meaning = {
  code: 'MAILCHIMP_BUSY',
  class: 'busy',
  advice: 'This Mailchimp user has too many requests at once. The same request can succeed later.',
};
const FAILED: Meaning = {
  code: 'MAILCHIMP_UNAVAILABLE',
  class: 'server_error',
  advice: 'The fault is at Mailchimp. The same request can succeed later.',
};

function refusal({ route, signedInTo }: Asked, status: number, problem: Problem | undefined): Meaning {
  const said = `${problem?.title ?? ''} ${problem?.detail ?? ''}`;
  if (status === 401 && signedInTo !== undefined) {
    const advice = `Mailchimp no longer accepts the sign-in to the account ${signedInTo}: it was revoked, or its user was removed. ${signInAgain(signedInTo)}`;
    return { code: 'KEY_REVOKED', class: 'token', advice };
  }
  if (status === 401) {
    const advice = 'Check that the key is complete, with its data centre, and was not revoked.';
    return { code: 'KEY_INVALID', class: 'key', advice };
  }
  if (status === 403 && /disabled|deactivated/i.test(said)) {
    const advice =
      'The user or account of this key is disabled in Mailchimp: enable it there, or use a key of another user.';
    return { code: 'KEY_INVALID', class: 'user_disabled', advice };
  }
  if ((status === 400 || status === 403) && isPlanLimit(problem?.detail ?? '')) {
    return { code: 'PLAN_LIMIT', class: 'plan', advice: 'Check the plan and its limits in Mailchimp.' };
  }
  if (status === 403) {
    const advice = 'Use a key of a user with the role Manager or higher.';
    return { code: 'ROLE_TOO_LOW', class: 'role', advice };
  }
  if (status === 404 && AUDIENCE_ROUTE.test(route)) {
    const advice = 'Check the audience id, and that it belongs to the account of this key.';
    return { code: 'AUDIENCE_NOT_FOUND', class: 'audience', advice };
  }
  const advice = 'A retry would get the same reply: fix the cause first.';
  return { code: 'MAILCHIMP_REFUSED', class: 'refused', advice };
}

interface Answer extends Meaning {
  readonly status: number;
  readonly problem: Problem | undefined;
}

function answered(asked: Asked, { status, problem, code, class: name, advice }: Answer): ExportError {
  const said = problem ? ` ${withoutAddress(problem.title)}` : '';
  const text = problem ? problemText(problem) : '';
  const request = problem?.instance ? ` [request ${problem.instance}]` : '';
  const message = `${attempted(asked)} Mailchimp returned ${status}${said}${request}. ${text && `Mailchimp says: ${text} `}${advice}`;
  const details = { method: asked.method, route: asked.route, status, class: name };
  return new ExportError(code, message, { details: { ...details, ...(text && { text }) } });
}

function problemText({ detail, errors }: Problem): string {
  const fields = errors.slice(0, 3).map(({ field, message }) => `${field}: ${message}`);
  return withoutAddress([detail, ...fields].filter((part) => part.trim() !== '').join(' '));
}

const NetworkErrorSchema = z.object({ code: z.string().regex(/^[A-Z][A-Z0-9_]*$/) });

function lost(asked: Asked, thrown: unknown): Failure {
  if (thrown instanceof SyntaxError) return toUnreadable(asked, 'not JSON');
  const network = NetworkErrorSchema.safeParse(thrown);
  const code = network.success ? network.data.code : 'UNKNOWN';
  const message = `${attempted(asked)} got no reply (${code}). Check the network connection to Mailchimp.`;
  // A new error: the client's error contains the request with the key.
  const cause = new Error(code);
  if (NOT_CONNECTED.has(code))
    return { repeat: 'unsent', error: unavailable(asked, 'unreachable', { message, cause }) };
  const name = code === 'ECONNABORTED' ? 'timeout' : 'reply_lost';
  return { repeat: 'lost', error: unavailable(asked, name, { message, cause }) };
}

/** Network errors of a request that was not sent. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function unavailable(
  { method, route }: Asked,
  name: string,
  { message, cause }: { readonly message: string; readonly cause?: Error },
): ExportError {
  const details = { method, route, class: name };
  return new ExportError('MAILCHIMP_UNAVAILABLE', message, { details, ...(cause && { cause }) });
}

function attempted({ what, method, route }: Asked): string {
  return `Could not ${what} (${method} ${route}):`;
}
