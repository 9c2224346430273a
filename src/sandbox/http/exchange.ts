import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const JSON_TYPE = 'application/json; charset=utf-8';

/** A request whose body was read. */
export class HttpRequest {
  readonly raw: IncomingMessage;
  /** Value of `performance.now()` when its headers had arrived. */
  readonly arrived: number;
  /** The variable parts of the route's path. */
  readonly params: Readonly<Record<string, string>>;
  /** `undefined` if the request has none. */
  readonly body: string | undefined;

  constructor(raw: IncomingMessage, read: Pick<HttpRequest, 'arrived' | 'params' | 'body'>) {
    this.raw = raw;
    this.arrived = read.arrived;
    this.params = read.params;
    this.body = read.body;
  }

  get method(): string {
    return this.raw.method!;
  }

  /** Path and query, as the client sent them. */
  get url(): string {
    return this.raw.url!;
  }

  get headers(): IncomingHttpHeaders {
    return this.raw.headers;
  }

  get query(): Readonly<Record<string, string>> {
    const mark = this.url.indexOf('?');
    return mark < 0 ? {} : Object.fromEntries(new URLSearchParams(this.url.slice(mark + 1)));
  }
}

/** What is sent back. Its `raw` response may also be written directly, or destroyed. */
export class HttpReply {
  readonly raw: ServerResponse;

  constructor(raw: ServerResponse) {
    this.raw = raw;
  }

  code(status: number): this {
    this.raw.statusCode = status;
    return this;
  }

  header(name: string, value: string): this {
    this.raw.setHeader(name, value);
    return this;
  }

  type(value: string): this {
    return this.header('content-type', value);
  }

  send(body: string | Buffer = ''): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    if (this.raw.statusCode !== 204) this.raw.setHeader('content-length', bytes.length);
    this.raw.end(bytes);
  }

  json(body: unknown): void {
    this.type(JSON_TYPE).send(JSON.stringify(body));
  }

  redirect(url: string): void {
    this.code(302).header('location', url).send();
  }

  /** Resolves when the client has all of it, or is gone. */
  async stream(body: Readable): Promise<void> {
    // Half of a reply is all that can be done when its client leaves.
    await pipeline(body, this.raw).catch(() => this.raw.destroy());
  }
}
