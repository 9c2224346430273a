import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { HttpReply, MailchimpTransport } from '../ports/transport';
import { baseUrlOf } from './api-key';
import { type Asked, type Failure, type Repeat, toFailure, toTimeout, toUnreadable } from './failure';
import type { ConnectionLimiter } from './limiter';
import { openSdkTransport } from './sdk-transport';

export interface ConnectionOptions {
  readonly apiKey: string;
  /** @default the API of the key's data centre */
  readonly baseUrl?: string;
  readonly limiter: ConnectionLimiter;
  /** Milliseconds after which a request cannot be running at Mailchimp any more. @default 130_000, its limit of 120 s and a little */
  readonly longestRequestMs?: number;
  /** Milliseconds after which a request is given up on. @default longestRequestMs */
  readonly timeoutMs?: number;
  /** @default by Mailchimp's own client, with the limiter's open connections */
  readonly transport?: MailchimpTransport;
  /** Asked before each request leaves, once it has its slot; what it throws ends the call, and nothing is sent. */
  readonly guard?: (() => Promise<void>) | undefined;
  /** Milliseconds before the first repetition; doubles with each, ± half of it by chance. @default 500 */
  readonly backOffMs?: number;
}

export interface Call<Schema extends z.ZodType> extends Asked {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** JSON text. */
  readonly body?: string;
  readonly reply: Schema;
  /** Set for a request that must not be applied twice: it is repeated only when Mailchimp did not look at it. */
  readonly once?: boolean;
}

/** All requests to one account go through here: slots, time limit, quick repetitions, reply's shape, count. */
export interface Connection {
  readonly send: <Schema extends z.ZodType>(call: Call<Schema>) => Promise<z.output<Schema>>;
  /** For requests that go elsewhere on the account's behalf. */
  readonly count: () => void;
  readonly requests: () => number;
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly longestRequestMs: number;
}

/** Mailchimp ends a request after 120 s. */
const MAX_REQUEST_MS = 130_000;

/** How often one request is sent at most, by what went wrong last. */
const TRIES: Readonly<Record<Repeat, number>> = { busy: 5, unsent: 2, lost: 2, failed: 3, final: 1 };

export function openConnection({
  apiKey,
  baseUrl = baseUrlOf(apiKey),
  limiter,
  longestRequestMs = MAX_REQUEST_MS,
  timeoutMs = longestRequestMs,
  guard = async () => {},
  backOffMs = 500,
  transport = openSdkTransport({
    apiKey,
    baseUrl,
    timeoutMs: Math.max(timeoutMs, longestRequestMs),
    agent: limiter.agentFor(baseUrl),
  }),
}: ConnectionOptions): Connection {
  let requests = 0;

  /** One request. Its slot is given back when it cannot be running any more, which may be long after it was given up on. */
  async function sendOnce(call: Call<z.ZodType>): Promise<Result> {
    const release = await limiter.acquire();
    await guard().catch((error: unknown) => {
      release();
      throw error;
    });
    requests += 1;
    const sentAt = Date.now();
    const ended = exchange(transport, call).then(
      (data) => {
        release();
        return read(call, data);
      },
      (error: unknown) => {
        const failure = toFailure(call, error);
        if (failure.repeat === 'busy') limiter.tooMuch();
        // Without an answer nobody knows whether Mailchimp is still at it, and until then it counts against the user's ten.
        const leftMs = failure.repeat === 'lost' ? sentAt + longestRequestMs - Date.now() : 0;
        if (leftMs > 0) setTimeout(release, leftMs).unref();
        else release();
        return { failure };
      },
    );
    return within(timeoutMs, ended, () => ({ failure: toTimeout(call, timeoutMs) }));
  }

  async function send<Schema extends z.ZodType>(call: Call<Schema>): Promise<z.output<Schema>> {
    for (let sent = 1; ; sent += 1) {
      const result = await sendOnce(call);
      if ('data' in result) return result.data as z.output<Schema>;
      const { repeat, error } = result.failure;
      const mayRepeat = repeat === 'busy' || repeat === 'unsent' || call.once !== true;
      if (!mayRepeat || sent >= TRIES[repeat]) throw error;
      await sleep(backOffMs * 2 ** (sent - 1) * (0.5 + Math.random()));
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
  };
}

/** Stops waiting, not the work: that goes on holding its slot. */
async function within<T>(ms: number, work: Promise<T>, otherwise: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const givenUp = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise()), ms);
  });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    clearTimeout(timer);
  }
}

type Result = { readonly data: unknown } | { readonly failure: Failure };

function read(call: Call<z.ZodType>, data: unknown): Result {
  const parsed = call.reply.safeParse(data);
  if (parsed.success) return { data: parsed.data };
  // Paths only: zod's messages may quote what they found.
  const paths = parsed.error.issues.slice(0, 3).map(({ path }) => path.join('.') || 'the whole reply');
  return { failure: toUnreadable(call, paths.join(', ')) };
}

/** The parsed body of a good reply. @throws what `toFailure` understands */
async function exchange(transport: MailchimpTransport, call: Call<z.ZodType>): Promise<unknown> {
  const { method, route, params = {}, query = {}, body = null, once = false } = call;
  const reply = await transport.exchange({ method, route, params, query, body, isFresh: once });
  const { status } = reply;
  if (status >= 200 && status < 300) return parseBody(reply);
  // A page without JSON is of something in front of the API: it has no body for us.
  const response = { body: attempt(() => parseBody(reply)) };
  throw Object.assign(new Error(`answered ${status}`), { status, response });
}

/** @throws SyntaxError */
function parseBody({ body }: HttpReply): unknown {
  return body.length === 0 ? null : JSON.parse(Buffer.from(body).toString('utf8'));
}

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
