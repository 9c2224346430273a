import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { ExportError } from '../errors';
import type { HttpReply, MailchimpTransport } from '../ports/transport';
import {
  type Asked,
  type Failure,
  type Repeat,
  signInAgain,
  toFailure,
  toTimeout,
  toUnreadable,
} from './failure';
import type { ConnectionLimiter, Slot } from './limiter';
import { observedSlot, observedTransport, type RequestObserver } from './observe';
import { parseReply } from './parse-reply';
import type { Work } from './request-queue';
import { openSdkTransport } from './sdk-transport';

export interface ConnectionOptions {
  /** An API key, or the token of a sign-in with its data centre, `TOKEN-us21`. */
  readonly apiKey: string;
  /** For a token: the name of its account, which the user has to sign in to again when it is refused. @default `apiKey` is an API key */
  readonly signedInTo?: string | undefined;
  /** @default the API of the key's data centre */
  readonly baseUrl?: string;
  readonly limiter: ConnectionLimiter;
  /** Milliseconds after which a request can no longer be running at Mailchimp. @default 130_000: Mailchimp's limit of 120 s, and a margin */
  readonly longestRequestMs?: number;
  /** Milliseconds to wait for a reply. @default longestRequestMs */
  readonly timeoutMs?: number;
  /** Sends the requests. @default Mailchimp's own client, with the limiter's open connections */
  readonly transport?: MailchimpTransport;
  /** Runs before each request, once it has its slot. When it throws, the call fails with its error and nothing is sent. */
  readonly guard?: (() => Promise<void>) | undefined;
  /** Sees every request, for metrics. */
  readonly observer?: RequestObserver | undefined;
  /** Once it is aborted, calls fail with its reason. A request on its way goes on, and keeps its slot until it has ended. */
  readonly signal?: AbortSignal | undefined;
  /** What the requests are for: decides which are first. @default small work of no destination */
  readonly work?: Work | undefined;
  /** Milliseconds before the first retry; doubles with each retry, with ± 50 % jitter. @default 500 */
  readonly backOffMs?: number;
}

interface Call<Schema extends z.ZodType> extends Asked {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** JSON text. */
  readonly body?: string;
  readonly reply: Schema;
  /**
   * It ends work at Mailchimp, and so waits for no lease: otherwise a batch of a superseded export would run on for as long as Temporal cannot be
   * reached. @default false
   */
  readonly ends?: boolean;
  /** For a request that must not be applied twice: it is retried only when Mailchimp did not process it. */
  readonly once?: boolean;
}

/** Sends all requests of one account: takes a slot, limits the time, retries quickly, checks the reply's shape, counts. */
export interface Connection {
  readonly send: <Schema extends z.ZodType>(call: Call<Schema>) => Promise<z.output<Schema>>;
  /** Counts a request for the account that does not go to the API: a download of results. */
  readonly count: () => void;
  readonly requests: () => number;
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly longestRequestMs: number;
  readonly signal: AbortSignal | undefined;
  readonly sizes: ConnectionLimiter['sizes'];
}

const KEY_WITH_DATA_CENTRE = /^[^\s-]+-([a-z0-9]+)$/;

/**
 * URL of the API for a key: the part after the key's dash names the data centre of its account.
 * @throws ExportError KEY_INVALID for a key without a data centre, KEY_REVOKED for a token
 */
function baseUrlOf(apiKey: string, signedInTo: string | undefined): string {
  const dataCentre = KEY_WITH_DATA_CENTRE.exec(apiKey)?.[1];
  if (dataCentre === undefined && signedInTo !== undefined) {
    throw new ExportError(
      'KEY_REVOKED',
      `Could not open the Mailchimp account: what is kept of the sign-in is no token with a data centre. ${signInAgain(signedInTo)}`,
    );
  }
  if (dataCentre === undefined) {
    throw new ExportError(
      'KEY_INVALID',
      'Could not open the Mailchimp account: its API key has no data centre. A key is 32 letters and digits, a dash and the data ' +
        'centre, like 0123456789abcdef0123456789abcdef-us21. Copy the whole key from Mailchimp: Profile > Extras > API keys.',
    );
  }
  return `https://${dataCentre}.api.mailchimp.com/3.0`;
}

/** A token is kept with its data centre, which is no part of it. */
function withoutDataCentre(token: string): string {
  return token.replace(/-[a-z]+[0-9]+$/, '');
}

/** The reply to a request that must not be repeated is waited for a little longer: it has the id of a batch that is to be deleted. */
const ONCE_GRACE_MS = 5_000;

/** Mailchimp ends a request after 120 s. */
const MAX_REQUEST_MS = 130_000;

/** One of those that the default budget leaves of Mailchimp's ten. */
const BEYOND_BUDGET: Slot = { release: () => {}, mayBegin: () => true };

/** A slot, and the permission of the guard. A process that is frozen in between may have lost the slot. */
async function permission(
  {
    limiter,
    work,
    signal,
    guard,
    observer,
  }: Pick<ConnectionOptions, 'limiter' | 'work' | 'signal' | 'observer'> & {
    readonly guard: () => Promise<void>;
  },
  { ends = false }: Pick<Call<z.ZodType>, 'ends'>,
): Promise<Slot> {
  if (ends && !limiter.hasConnections()) {
    await guard();
    return BEYOND_BUDGET;
  }
  for (;;) {
    const slot = await observedSlot(() => limiter.acquire(work, signal), observer);
    await guard().catch((error: unknown) => {
      slot.release();
      throw error;
    });
    if (slot.mayBegin()) return slot;
    slot.release();
  }
}

/** How many times a request is sent at most, by its last failure. */
const MAX_TRIES: Readonly<Record<Repeat, number>> = { busy: 5, unsent: 2, lost: 2, failed: 3, final: 1 };

export function openConnection({
  apiKey,
  signedInTo,
  baseUrl = baseUrlOf(apiKey, signedInTo),
  limiter,
  longestRequestMs = MAX_REQUEST_MS,
  timeoutMs = longestRequestMs,
  guard = async () => {},
  signal,
  work,
  backOffMs = 500,
  observer,
  transport: given = openSdkTransport({
    ...(signedInTo === undefined ? { apiKey } : { apiKey: withoutDataCentre(apiKey), scheme: 'bearer' }),
    baseUrl,
    timeoutMs: Math.max(timeoutMs, longestRequestMs),
    agent: limiter.agentFor(baseUrl),
  }),
}: ConnectionOptions): Connection {
  const transport = observer ? observedTransport(given, observer) : given;
  let requests = 0;
  // One for each request that waits for a slot.
  if (signal) setMaxListeners(0, signal);

  /** Sends one request. Its slot is released when the request can no longer be running, which can be long after its timeout. */
  async function sendOnce(call: Call<z.ZodType>): Promise<Result> {
    const { release } = await permission({ limiter, work, signal, guard, observer }, call);
    requests += 1;
    const sentAt = Date.now();
    const ended = exchange(transport, call, release).then(
      (data) => {
        release();
        return read(call, data);
      },
      (error: unknown) => {
        const failure = toFailure({ ...call, signedInTo }, error);
        if (failure.repeat === 'busy') limiter.backOff();
        // Without a reply the request may still be running, and it counts against the ten connections of the user until it ends.
        const leftMs = failure.repeat === 'lost' ? sentAt + longestRequestMs - Date.now() : 0;
        if (leftMs > 0) setTimeout(release, leftMs).unref();
        else release();
        return { failure };
      },
    );
    return withTimeout(timeoutMs, ended, () => ({ failure: toTimeout(call, timeoutMs) }));
  }

  const untilAborted = signal ? abandoning(signal) : async <Value>(work: Promise<Value>) => work;

  async function send<Schema extends z.ZodType>(call: Call<Schema>): Promise<z.output<Schema>> {
    for (let sent = 1; ; sent += 1) {
      const result = await untilAborted(sendOnce(call), call.once ? ONCE_GRACE_MS : 0);
      if ('data' in result) return result.data as z.output<Schema>;
      const { repeat, error } = result.failure;
      const mayRepeat = repeat === 'busy' || repeat === 'unsent' || call.once !== true;
      if (!mayRepeat || sent >= MAX_TRIES[repeat]) throw error;
      await untilAborted(sleep(backOffMs * 2 ** (sent - 1) * (0.5 + Math.random())), 0);
    }
  }

  return {
    send,
    count: () => {
      requests += 1;
    },
    requests: () => requests,
    baseUrl,
    timeoutMs,
    longestRequestMs,
    signal,
    sizes: limiter.sizes,
  };
}

/**
 * Waits for work until some time after the signal was aborted. Not by `Promise.race` with a promise that rejects then: that promise lives as
 * long as the step, and would keep the reply to each of its requests, 600 MB of a census of a million.
 */
function abandoning(signal: AbortSignal): <Value>(work: Promise<Value>, graceMs: number) => Promise<Value> {
  const waiting = new Set<() => void>();
  const giveUpAll = () => {
    for (const giveUp of waiting) giveUp();
  };
  signal.addEventListener('abort', giveUpAll, { once: true });
  return (work, graceMs) =>
    new Promise((resolve, reject) => {
      const giveUp = () => void setTimeout(() => reject(signal.reason as Error), graceMs).unref();
      if (signal.aborted) giveUp();
      else waiting.add(giveUp);
      const forget = () => waiting.delete(giveUp);
      work.then(resolve, reject).finally(forget);
    });
}

/** Stops waiting, not the work: the request goes on and keeps its slot. */
async function withTimeout<T>(ms: number, work: Promise<T>, otherwise: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise()), ms);
  });
  try {
    return await Promise.race([work, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}

type Result = { readonly data: unknown } | { readonly failure: Failure };

function read(call: Call<z.ZodType>, data: unknown): Result {
  const parsed = call.reply.safeParse(data);
  if (parsed.success) return { data: parsed.data };
  // Paths only: zod's messages can quote values of the reply.
  const paths = parsed.error.issues.slice(0, 3).map(({ path }) => path.join('.') || 'the whole reply');
  return { failure: toUnreadable(call, paths.join(', ')) };
}

/** First byte of every reply of Mailchimp's; a page of a proxy in front of the API has `<`. */
const BRACE = 0x7b;

/**
 * The parsed body of a good reply. Parsing takes milliseconds, in which the next request would wait: `answered` is called before.
 * @throws what `toFailure` understands
 */
async function exchange(
  transport: MailchimpTransport,
  call: Call<z.ZodType>,
  answered: () => void,
): Promise<unknown> {
  const { method, route, params = {}, query = {}, body = null, once = false } = call;
  const reply = await transport.exchange({ method, route, params, query, body, isFresh: once });
  const { status } = reply;
  if (status >= 200 && status < 300) {
    if (reply.body[0] === BRACE) answered();
    return parseBody(reply);
  }
  // A page without JSON comes from a proxy in front of the API: its body is not read.
  const response = { body: attempt(() => parseBody(reply)) };
  throw Object.assign(new Error(`answered ${status}`), { status, response });
}

/** @throws SyntaxError */
function parseBody({ body }: HttpReply): unknown {
  return body.length === 0 ? null : parseReply(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
