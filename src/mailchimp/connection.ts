import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import ApiClient from '@mailchimp/mailchimp_marketing/src/ApiClient';
import type { z } from 'zod';
import { ExportError } from '../errors';
import { type Asked, type Failure, type Repeat, toFailure, toTimeout, toUnreadable } from './failure';
import type { ConnectionLimiter } from './limiter';

export interface ConnectionOptions {
  readonly apiKey: string;
  /** @default the API of the key's data centre */
  readonly baseUrl?: string;
  readonly limiter: ConnectionLimiter;
  /** Milliseconds after which a request can no longer be running at Mailchimp. @default 130_000: Mailchimp's limit of 120 s, and a margin */
  readonly longestRequestMs?: number;
  /** Milliseconds to wait for a reply. @default longestRequestMs */
  readonly timeoutMs?: number;
  /** Runs before each request, once it has its slot. When it throws, the call fails with its error and nothing is sent. */
  readonly guard?: (() => Promise<void>) | undefined;
  /** Milliseconds before the first retry; doubles with each retry, with ± 50 % jitter. @default 500 */
  readonly backOffMs?: number;
}

interface Call<Schema extends z.ZodType> extends Asked {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** JSON text. */
  readonly body?: string;
  readonly reply: Schema;
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
}

const KEY_WITH_DATA_CENTRE = /^[^\s-]+-([a-z0-9]+)$/;

/**
 * URL of the API for a key: the part after the key's dash names the data centre of its account.
 * @throws ExportError KEY_INVALID for a key without a data centre
 */
function baseUrlOf(apiKey: string): string {
  const dataCentre = KEY_WITH_DATA_CENTRE.exec(apiKey)?.[1];
  if (dataCentre === undefined) {
    throw new ExportError(
      'KEY_INVALID',
      'Could not open the Mailchimp account: its API key has no data centre. A key is 32 letters and digits, a dash and the data ' +
        'centre, like 0123456789abcdef0123456789abcdef-us21. Copy the whole key from Mailchimp: Profile > Extras > API keys.',
    );
  }
  return `https://${dataCentre}.api.mailchimp.com/3.0`;
}

/** Mailchimp ends a request after 120 s. */
const MAX_REQUEST_MS = 130_000;

/** How many times a request is sent at most, by its last failure. */
const MAX_TRIES: Readonly<Record<Repeat, number>> = { busy: 5, unsent: 2, lost: 2, failed: 3, final: 1 };

export function openConnection({
  apiKey,
  baseUrl = baseUrlOf(apiKey),
  limiter,
  longestRequestMs = MAX_REQUEST_MS,
  timeoutMs = longestRequestMs,
  guard = async () => {},
  backOffMs = 500,
}: ConnectionOptions): Connection {
  const options = { apiKey, baseUrl, timeoutMs: Math.max(timeoutMs, longestRequestMs) };
  const sdk = openSdk({ ...options, agent: limiter.agentFor(baseUrl) });
  // Without keep-alive: Mailchimp can close an idle connection while a request is sent, and then it is unknown whether it was applied.
  const fresh = openSdk(options);
  let requests = 0;

  /** Sends one request. Its slot is released when the request can no longer be running, which can be long after its timeout. */
  async function sendOnce(call: Call<z.ZodType>): Promise<Result> {
    const release = await limiter.acquire();
    await guard().catch((error: unknown) => {
      release();
      throw error;
    });
    requests += 1;
    const sentAt = Date.now();
    const ended = callSdk(call.once === true ? fresh : sdk, call).then(
      (data) => {
        release();
        return read(call, data);
      },
      (error: unknown) => {
        const failure = toFailure(call, error);
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

  async function send<Schema extends z.ZodType>(call: Call<Schema>): Promise<z.output<Schema>> {
    for (let sent = 1; ; sent += 1) {
      const result = await sendOnce(call);
      if ('data' in result) return result.data as z.output<Schema>;
      const { repeat, error } = result.failure;
      const mayRepeat = repeat === 'busy' || repeat === 'unsent' || call.once !== true;
      if (!mayRepeat || sent >= MAX_TRIES[repeat]) throw error;
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

/** Stops waiting, not the work: the request goes on and holds its slot. */
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

interface SdkOptions {
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly agent?: Agent;
}

function openSdk({ apiKey, baseUrl, timeoutMs, agent }: SdkOptions): ApiClient {
  // Not the package's singleton: it would use one key for all accounts of the process.
  const sdk = new ApiClient();
  // The data centre goes into basePath, not into `server`: the client replaces the first "server" in the URL, wherever it is.
  sdk.setConfig({ apiKey });
  sdk.basePath = baseUrl.replace(/\/+$/, '');
  sdk.timeout = timeoutMs;
  // The client's only hook to the request. Redirects off: a redirected POST would be repeated as a GET, and the GET's reply taken for the
  // POST's. An agent of ours: the client would open a connection for each request, and its slot would be idle for three round trips.
  sdk.enableCookies = true;
  sdk.agent = {
    attachCookies: (request) => {
      request.redirects(0);
      if (agent) request.agent(agent);
    },
    saveCookies: () => {},
  };
  return sdk;
}

// Async, so that an error that the client throws synchronously is a rejection as well.
async function callSdk(sdk: ApiClient, call: Call<z.ZodType>): Promise<unknown> {
  const { route, method, params = {}, query = {}, body = null } = call;
  const json = ['application/json'];
  const { data } = await sdk.callApi(
    route,
    method,
    params,
    { ...query },
    {},
    {},
    body,
    ['basicAuth'],
    json,
    [...json, 'application/problem+json'],
    Object,
  );
  return data;
}
