import { isNativeError } from 'node:util/types';
import { ExportError } from '../errors';
import type { AlertReply } from '../ports/alerts';

/** For one attempt, with its reply. */
const ATTEMPT_MS = 10_000;
const MAX_REPLY_BYTES = 1_000;

export interface Request {
  readonly url: URL;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Name of the receiver, for errors: these never contain the URL. */
  readonly receiver: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sends one request. @throws ExportError ALERT_REFUSED, ALERT_NOT_DELIVERED */
export async function post({ url, body, headers = {}, receiver, signal }: Request): Promise<AlertReply> {
  const limit = AbortSignal.timeout(ATTEMPT_MS);
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      redirect: 'manual',
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
    });
  } catch (error) {
    throw new ExportError(
      'ALERT_NOT_DELIVERED',
      `The receiver ${receiver} did not answer (${codeOf(error)}). The alert may have arrived.`,
    );
  }
  const reply = { status: response.status, text: await beginningOf(response) };
  if (response.ok) return reply;
  throw refusal(reply, { receiver, retryAfter: response.headers.get('retry-after') });
}

/** The text of a reply that breaks off does not matter. */
async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of body ?? []) {
      text += decoder.decode(bytes as Uint8Array, { stream: true });
      if (text.length >= MAX_REPLY_BYTES) break;
    }
  } catch {
    return text;
  }
  return text.slice(0, MAX_REPLY_BYTES);
}

/** 408, 425 and 429 ask for another attempt; all other refusals stay what they are. */
const PASSING = new Set([408, 425, 429]);

function refusal(
  { status, text }: AlertReply,
  { receiver, retryAfter }: { readonly receiver: string; readonly retryAfter: string | null },
): ExportError {
  // A cause never leaves the process.
  const cause = new Error(text);
  if (status >= 500 || PASSING.has(status)) {
    const retryAfterSeconds = secondsOf(retryAfter);
    return new ExportError('ALERT_NOT_DELIVERED', `The receiver ${receiver} has answered ${status}.`, {
      cause,
      details: { status, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
    });
  }
  const why =
    status < 400
      ? `a redirect (${status}), which is not followed. Set the URL that it leads to`
      : `${status}, so it refuses the alert. Check its URL, and its secret where it has one`;
  return new ExportError('ALERT_REFUSED', `The receiver ${receiver} has answered ${why}.`, {
    cause,
    details: { status },
  });
}

/** Seconds, or a date. */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\d+$/.test(retryAfter.trim())) return Number(retryAfter);
  const atMs = Date.parse(retryAfter);
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil((atMs - Date.now()) / 1000));
}

/** Of the system, where there is one: `fetch` wraps it. Its message may contain the address. */
function codeOf(error: unknown): string {
  if (!isNativeError(error)) return 'unknown error';
  const { cause } = error;
  return isNativeError(cause) && 'code' in cause ? String(cause.code) : error.name;
}
