import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { DataverseSourceConfig } from '../../config/dataverse-config';
import { ExportError } from '../../errors';
import type { SecretResolver } from '../../ports/secrets';
import { AccessTokens } from './access-token';
import { asNetworkError, unavailable } from './network-error';
import { refusal } from './refusal';
import { retryAfterOf } from './retry-after';
import { Throttle } from './throttle';

const ROOT = '/api/data/v9.2/';
/** Dataverse ends an operation after two minutes. */
const REQUEST_MS = 130_000;
/** A page of 5,000 rows is some 5 MB. Node needs a multiple of it. */
const MAX_REPLY_BYTES = 64_000_000;
/** After this, a failed request fails the step, which is repeated later. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 250;
/** A longer pause is waited for by Temporal, which needs no memory for it. */
const LONGEST_PAUSE_SECONDS = 60;
/** So often in a row, a request may be asked to wait. */
const MOST_PAUSES = 5;
/** Where a reply of 429 does not say how long. */
const USUAL_PAUSE_SECONDS = 10;

const PageSchema = z.object({
  value: z.array(z.record(z.string(), z.unknown())),
  '@odata.nextLink': z.string().optional(),
});

/** A table, and what is read of it. Values are encoded here. */
export interface Query {
  /** For messages: `profiles (msdynci_customerprofile)`. */
  readonly what: string;
  /** Path below the root of the Web API, such as the name of an entity set. */
  readonly path: string;
  readonly options: Readonly<Record<string, string>>;
}

export interface Page {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** The address of the next page; null: this was the last one. Has keys of rows. */
  readonly next: string | null;
  /** The time of the server, in milliseconds. */
  readonly now: number;
}

interface Reply {
  readonly json: unknown;
  readonly now: number;
}

/** The settings of a source that a request needs. */
export type WebApiSettings = Pick<
  DataverseSourceConfig,
  'url' | 'tenantId' | 'clientId' | 'clientSecret' | 'authority' | 'pageSize'
>;

/** Reads from the Web API of Dataverse, one request at a time. Waits as long as it asks for, and gets new tokens. */
export class WebApi {
  readonly #settings: WebApiSettings;
  readonly #origin: string;
  readonly #tokens: AccessTokens;
  readonly #throttle: Throttle;
  readonly #stopped: AbortSignal;

  constructor(settings: WebApiSettings, secrets: SecretResolver, stopped: AbortSignal) {
    this.#settings = settings;
    this.#origin = new URL(settings.url).origin;
    this.#tokens = new AccessTokens(settings, secrets);
    this.#throttle = new Throttle(`${this.#origin} ${settings.clientId}`);
    this.#stopped = stopped;
  }

  /** Gets a token. @throws ExportError SOURCE_UNREADABLE, SOURCE_UNAVAILABLE, SECRET_UNAVAILABLE */
  async signIn(): Promise<void> {
    await this.#tokens.current(this.#stopped);
  }

  /** @throws ExportError SOURCE_UNREADABLE, SOURCE_UNAVAILABLE, SOURCE_MALFORMED */
  async document(query: Query): Promise<unknown> {
    return (await this.#get(this.#addressOf(query), query)).json;
  }

  /**
   * Page after page of a query.
   *
   * @param from address of the first one, of an earlier reading; undefined: the beginning
   * @throws as `document`
   */
  async *pages(query: Query, from?: string | null): AsyncGenerator<Page, void, undefined> {
    const first = this.#addressOf(query);
    const seen = new Set<string>();
    for (let next = from ?? first.href; ;) {
      const page = await this.#page(this.#follow(next, first, query), query);
      yield page;
      if (page.next === null) return;
      // It would never end.
      if (seen.has(page.next)) throw malformed(query, 'a page leads back to an earlier one');
      seen.add(page.next);
      ({ next } = page);
    }
  }

  /** The first page. @throws as `document` */
  firstPage(query: Query): Promise<Page> {
    return this.#page(this.#addressOf(query), query);
  }

  async #page(address: URL, query: Query): Promise<Page> {
    const { json, now } = await this.#get(address, query);
    const page = PageSchema.safeParse(json);
    if (!page.success) throw malformed(query, 'it has another form than a list of rows');
    const { value, '@odata.nextLink': next = null } = page.data;
    return { rows: value, next, now };
  }

  #addressOf({ path, options }: Query): URL {
    const pairs = Object.entries(options).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return new URL(`${this.#origin}${ROOT}${path}?${pairs.join('&')}`);
  }

  /** A link goes to the same host and table: the token, and what is read of people, is for no other. */
  #follow(next: string, first: URL, query: Query): URL {
    const link = URL.canParse(next) ? new URL(next) : undefined;
    if (link && link.origin === first.origin && link.pathname === first.pathname && link.username === '')
      return link;
    throw malformed(query, 'its next page is at another address, which is not followed');
  }

  async #get(address: URL, query: Query): Promise<Reply> {
    let [failures, pauses, isRenewed] = [0, 0, false];
    for (;;) {
      const pause = Math.ceil(this.#throttle.secondsLeft);
      // Of another reading, perhaps.
      if (pause > LONGEST_PAUSE_SECONDS) throw this.#busy(query, pause);
      await this.#throttle.pass(this.#stopped);
      try {
        const token = await this.#tokens.current(this.#stopped);
        const response = await this.#send(address, token);
        if (response.ok) return await this.#read(response, query);
        const error = await this.#asError(response, query);
        const { status } = response;
        if (status === 401 && !isRenewed) {
          // Expired in the middle of a reading, or revoked.
          this.#tokens.drop(token);
          isRenewed = true;
        } else if (
          status === 429 &&
          pauses < MOST_PAUSES &&
          this.#pauseFor(response) <= LONGEST_PAUSE_SECONDS
        ) {
          pauses += 1;
        } else {
          throw error;
        }
      } catch (error) {
        this.#stopped.throwIfAborted();
        if (!isPassing(error)) throw error;
        failures += 1;
        if (failures === ATTEMPTS) throw error;
        await sleep(FIRST_WAIT_MS * 2 ** failures, undefined, { signal: this.#stopped });
      }
    }
  }

  /** @returns the seconds that the server asks for */
  #pauseFor(response: Response): number {
    const { retryAfterSeconds = USUAL_PAUSE_SECONDS } = retryAfterOf(response);
    this.#throttle.pause(retryAfterSeconds);
    return retryAfterSeconds;
  }

  async #send(address: URL, token: string): Promise<Response> {
    try {
      return await fetch(address, {
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token}`,
          'odata-maxversion': '4.0',
          'odata-version': '4.0',
          prefer: `odata.maxpagesize=${this.#settings.pageSize}`,
        },
        redirect: 'manual',
        signal: AbortSignal.any([this.#stopped, AbortSignal.timeout(REQUEST_MS)]),
      });
    } catch (error) {
      throw asNetworkError(error, this.#origin);
    }
  }

  async #read(response: Response, query: Query): Promise<Reply> {
    if (!/^application\/json\b/i.test(response.headers.get('content-type') ?? '')) {
      await response.body?.cancel();
      throw new ExportError(
        'SOURCE_UNREADABLE',
        `${query.what}: ${this.#origin} answered with something else than JSON, so it is no Dataverse environment. Check url of the source.`,
      );
    }
    const text = await this.#textOf(response, query);
    const date = Date.parse(response.headers.get('date') ?? '');
    try {
      return { json: JSON.parse(text) as unknown, now: Number.isNaN(date) ? Date.now() : date };
    } catch {
      throw unavailable(this.#origin, 'a reply was not complete', {});
    }
  }

  async #textOf({ body }: Response, query: Query): Promise<string> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const piece of body ?? []) {
        pieces.push(piece as Uint8Array);
        bytes += (piece as Uint8Array).length;
        if (bytes > MAX_REPLY_BYTES) break;
      }
    } catch (error) {
      throw asNetworkError(error, this.#origin);
    }
    if (bytes <= MAX_REPLY_BYTES) return Buffer.concat(pieces).toString('utf8');
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `${query.what}: a page is longer than ${MAX_REPLY_BYTES / 1_000_000} MB. Set pageSize of the source to a smaller number than ${this.#settings.pageSize}.`,
    );
  }

  #busy({ what }: Query, seconds: number): ExportError {
    return new ExportError(
      'SOURCE_UNAVAILABLE',
      `${what}: Dataverse limits the requests of the application ${this.#settings.clientId} at the moment (429). The reading goes on in ${seconds} s.`,
      { details: { status: 429, retryAfterSeconds: seconds } },
    );
  }

  async #asError(response: Response, query: Query): Promise<ExportError> {
    const { status } = response;
    const { url, clientId } = this.#settings;
    if (status === 429) {
      await response.body?.cancel();
      const { retryAfterSeconds = USUAL_PAUSE_SECONDS } = retryAfterOf(response);
      return this.#busy(query, retryAfterSeconds);
    }
    if (status >= 500 || status === 408) {
      await response.body?.cancel();
      return unavailable(this.#origin, `status ${status}`, { status, ...retryAfterOf(response) });
    }
    let body = '';
    try {
      body = await response.text();
    } catch (error) {
      return asNetworkError(error, this.#origin);
    }
    return refusal({ status, body }, { what: query.what, url, clientId });
  }
}

/** A failure of the moment: another attempt, soon, may succeed. One with a pause of its own is not for soon. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof ExportError &&
    error.code === 'SOURCE_UNAVAILABLE' &&
    error.details['retryAfterSeconds'] === undefined
  );
}

function malformed({ what }: Query, problem: string): ExportError {
  return new ExportError('SOURCE_MALFORMED', `${what}: a reply of Dataverse cannot be used: ${problem}.`);
}
