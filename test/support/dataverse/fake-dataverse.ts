import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  type FakeTable,
  type FakeTableInput,
  QueryError,
  answerQuery,
  defineTable,
  fakeTable,
} from './fake-table';

const ROOT = '/api/data/v9.2/';
const MOST_ROWS = 5_000;

/** A request for rows. */
export interface DataRequest {
  /** Logical name of the table. */
  readonly table: string;
  /** From 1. */
  readonly page: number;
  /** Whether it asks for the newest change only. */
  readonly isForTime: boolean;
  /** The request's number among all requests for rows, from 1. */
  readonly number: number;
}

/** What happens in place of a page. `lost` ends the connection before, `half` in the middle of the reply. */
export type Fault =
  | 'lost'
  | 'half'
  | 'silent'
  | 'half-json'
  | {
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly retryAfter?: number;
      readonly location?: string;
    }
  | { readonly nextLink: string };

interface Credentials {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * The Web API of Dataverse with the token endpoint of Microsoft Entra, as far as a reader of tables needs them: built from their documents, with
 * queries read by a parser of others.
 */
export class FakeDataverse {
  readonly credentials: Credentials = {
    tenantId: '7b1c6d5e-93a4-4c0f-8b7e-2f1f3a9d0c11',
    clientId: '0f5b8c9e-1111-4222-8333-444455556666',
    clientSecret: `secret ${randomUUID()}`,
  };
  /** All requests, as `GET /path?query`, decoded. */
  readonly requests: string[] = [];
  readonly pageSizes = new Set<number>();
  /** The application is a user of the environment. */
  isUser = true;
  /** Logical names of tables that its roles do not include. */
  readonly denied = new Set<string>();
  tokenSeconds = 3_599;
  tokens = 0;
  /** How the next requests for tokens are answered, in their order: an error of OAuth with a number of Entra, or a status. */
  readonly tokenFaults: (readonly [error: string, number: string] | number)[] = [];
  /** Service protection: after so many requests for rows, a pause of so many seconds. A request within it begins it again. */
  limit: { readonly requests: number; readonly seconds: number } | undefined;
  /** Requests that came within a pause. */
  impatient = 0;
  /** Called before each request for rows is answered. */
  before: (request: DataRequest) => Fault | undefined | void = () => undefined;

  readonly #tables = new Map<string, FakeTable>();
  readonly #server: Server;
  readonly #valid = new Map<string, number>();
  #number = 0;
  #counted = 0;
  #pausedUntil = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<FakeDataverse> {
    const fake = new FakeDataverse();
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Puts a table in place of the one of its name. */
  put(input: FakeTableInput): void {
    this.#tables.set(input.name, fakeTable(input));
  }

  /** Tokens that were given are refused from now on. */
  expireTokens(): void {
    this.#valid.clear();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    this.requests.push(`${request.method} ${decodeURIComponent(url.pathname + url.search)}`);
    if (request.method === 'POST') return this.#giveToken(url.pathname, await text(request), response);
    const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ');
    if (scheme !== 'Bearer' || (this.#valid.get(token) ?? 0) <= performance.now()) {
      response.setHeader(
        'www-authenticate',
        `Bearer authorization_uri=${this.url}, resource_id=${this.url}/`,
      );
      return reply(response, 401, undefined);
    }
    if (!this.isUser)
      return refuse(response, 403, ['0x80072560', 'The user is not a member of the organization.']);
    try {
      this.#read(url, request, response);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      refuse(response, error.status, [error.code, error.message]);
    }
  }

  #giveToken(path: string, body: string, response: ServerResponse): void {
    const { tenantId, clientId, clientSecret } = this.credentials;
    const given = new URLSearchParams(body);
    const fault = this.tokenFaults.shift();
    if (typeof fault === 'number') return reply(response, fault, undefined);
    if (fault) return refuseToken(response, ...fault);
    if (path !== `/${tenantId}/oauth2/v2.0/token`)
      return refuseToken(response, 'invalid_request', 'AADSTS90002');
    if (given.get('client_id') !== clientId)
      return refuseToken(response, 'unauthorized_client', 'AADSTS700016');
    if (given.get('client_secret') !== clientSecret)
      return refuseToken(response, 'invalid_client', 'AADSTS7000215');
    if (given.get('scope') !== `${this.url}/.default`)
      return refuseToken(response, 'invalid_resource', 'AADSTS500011');
    const token = `token-${randomUUID()}`;
    this.tokens += 1;
    this.#valid.set(token, performance.now() + this.tokenSeconds * 1000);
    const seconds = this.tokenSeconds;
    reply(response, 200, {
      token_type: 'Bearer',
      expires_in: seconds,
      ext_expires_in: seconds,
      access_token: token,
    });
  }

  #read(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(url.pathname).slice(ROOT.length);
    const [, name] = /^EntityDefinitions\(LogicalName='(\w+)'\)$/.exec(path) ?? [];
    if (name !== undefined) {
      const table = this.#tables.get(name);
      if (!table)
        throw new QueryError(404, '0x80060888', `Could not find an entity with specified name ${name}.`);
      return reply(response, 200, defineTable(table, url.search));
    }
    const table = [...this.#tables.values()].find(({ set }) => set === path);
    if (!table || !url.pathname.startsWith(ROOT))
      throw new QueryError(404, '0x80060888', `Resource not found for the segment '${path}'.`);
    if (this.denied.has(table.name)) {
      const privilege = `Principal user (Id=${randomUUID()}, type=8, roleCount=1, privilegeCount=60, accessMode='4 Non-interactive'), is missing prvRead${table.name} privilege (Id=${randomUUID()}) on OTC=10042 for entity '${table.name}'.`;
      throw new QueryError(403, '0x80040220', privilege);
    }
    this.#sendPage(table, url, { request, response });
  }

  #sendPage(
    table: FakeTable,
    url: URL,
    { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  ): void {
    const wait = this.#pause();
    if (wait !== undefined) {
      response.setHeader('retry-after', wait);
      return refuse(response, 429, [
        '0x80072322',
        `Number of requests exceeded the limit of ${this.limit?.requests} over time window of 300 seconds.`,
      ]);
    }
    const { page, from } = positionOf(url);
    this.#number += 1;
    const isForTime = url.searchParams.has('$orderby');
    const fault = this.before({ table: table.name, page, isForTime, number: this.#number }) ?? undefined;
    // As it is now: `before` may have changed it.
    const current = this.#tables.get(table.name) ?? table;
    const [, wanted] = /odata\.maxpagesize=(\d+)/.exec(String(request.headers['prefer'])) ?? [];
    const size = Math.min(Number(wanted ?? MOST_ROWS), MOST_ROWS);
    this.pageSizes.add(size);
    const { value, next } = answerQuery(current, url.search, { from, size });
    const link = next === undefined ? {} : { '@odata.nextLink': linkTo(url, page + 1, next) };
    const context = `${this.url}${ROOT}$metadata#${current.set}`;
    const body = { '@odata.context': context, value, ...link };
    if (fault === undefined) return reply(response, 200, body);
    fail(response, fault, body);
  }

  /** @returns seconds to wait; undefined: none */
  #pause(): number | undefined {
    if (!this.limit) return undefined;
    const { requests, seconds } = this.limit;
    const now = performance.now();
    if (now < this.#pausedUntil) {
      this.impatient += 1;
      // Going on while throttled lengthens the wait.
      this.#pausedUntil += seconds * 1000;
      return Math.ceil((this.#pausedUntil - now) / 1000);
    }
    this.#counted += 1;
    if (this.#counted <= requests) return undefined;
    this.#counted = 0;
    this.#pausedUntil = now + seconds * 1000;
    return seconds;
  }
}

/** In the form of the documents: a cookie within a cookie, each encoded. */
function linkTo(url: URL, page: number, from: number): string {
  const inner = `<cookie page="${page - 1}"><id last="${from}" /></cookie>`;
  const cookie = `<cookie pagenumber="${page}" pagingcookie="${encodeURIComponent(encodeURIComponent(inner))}" istracking="False" />`;
  const link = new URL(url);
  link.searchParams.delete('$skiptoken');
  return `${link.origin}${link.pathname}${link.search === '' ? '?' : `${link.search}&`}$skiptoken=${encodeURIComponent(cookie)}`;
}

function positionOf(url: URL): { readonly page: number; readonly from: number } {
  const token = url.searchParams.get('$skiptoken');
  if (token === null) return { page: 1, from: 0 };
  const [, page, inner = ''] = /pagenumber="(\d+)" pagingcookie="([^"]+)"/.exec(token) ?? [];
  const [, from] = /last="(\d+)"/.exec(decodeURIComponent(decodeURIComponent(inner))) ?? [];
  if (page === undefined || from === undefined)
    throw new QueryError(400, '0x80040203', 'Invalid paging cookie.');
  return { page: Number(page), from: Number(from) };
}

function fail(response: ServerResponse, fault: Fault, body: object): void {
  if (fault === 'silent') return;
  if (fault === 'lost') return void response.destroy();
  const json = JSON.stringify(body);
  const half = json.slice(0, json.length / 2);
  if (fault === 'half') {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
    });
    response.write(half, () => response.destroy());
    return;
  }
  if (fault === 'half-json') return send(response, 200, half);
  if ('nextLink' in fault) return reply(response, 200, { ...body, '@odata.nextLink': fault.nextLink });
  if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
  if (fault.location !== undefined) response.setHeader('location', fault.location);
  refuse(response, fault.status, [
    fault.code ?? '0x80040216',
    fault.message ?? 'An unexpected error occurred.',
  ]);
}

function refuse(response: ServerResponse, status: number, [code, message]: readonly [string, string]): void {
  reply(response, status, { error: { code, message } });
}

function refuseToken(response: ServerResponse, error: string, number: string): void {
  const description = `${number}: an explanation. Trace ID: ${randomUUID()} Correlation ID: ${randomUUID()}`;
  const status = error === 'invalid_client' ? 401 : 400;
  reply(response, status, { error, error_description: description, error_codes: [Number(number.slice(6))] });
}

function reply(response: ServerResponse, status: number, body: object | undefined): void {
  send(response, status, body === undefined ? '' : JSON.stringify(body));
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8',
    'odata-version': '4.0',
  });
  response.end(body);
}
