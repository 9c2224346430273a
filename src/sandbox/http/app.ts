import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { HttpReply, HttpRequest } from './exchange';
import { internalError, nestedTooDeep, problemDocument } from '../problem';

const PROBLEM_JSON = 'application/problem+json; charset=utf-8';
/** Node's five seconds would close connections between two polls, and some just as a client sends on them. */
const KEEP_ALIVE_MS = 72_000;

export type Handler = (request: HttpRequest, reply: HttpReply) => void | Promise<void>;

interface Route {
  /** `undefined` for any. */
  readonly method: string | undefined;
  /** A part that begins with `:` matches anything, and `*` at the end the rest. */
  readonly parts: readonly string[];
  readonly handle: Handler;
}

interface Match {
  readonly handle: Handler;
  readonly params: Readonly<Record<string, string>>;
}

/** The HTTP server. It passes bodies on as text, so that the router replies to invalid JSON as Mailchimp does. */
export class App {
  readonly #routes: Route[] = [];
  readonly #server: Server;
  #address: { readonly host: string; readonly port: number } | undefined;
  #reopening: NodeJS.Timeout | undefined;

  constructor() {
    this.#server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 },
      (incoming, outgoing) => {
        void this.#answer(incoming, outgoing);
      },
    );
  }

  /** Serves requests of this method, or of any, at this path: `/a/:name`, `/a/*`. The route that was added first wins. */
  on(method: string | undefined, path: string, handle: Handler): void {
    this.#routes.push({ method, parts: path.split('/'), handle });
  }

  /** @returns the origin. @throws Error when the port is in use */
  async listen(options: { readonly host: string; readonly port: number }): Promise<string> {
    this.#server.listen(options);
    await once(this.#server, 'listening');
    const { address, port } = this.#server.address() as AddressInfo;
    this.#address = { host: address, port };
    return `http://${address}:${port}`;
  }

  /** Destroys open connections, and refuses new ones for this time. */
  refuse(ms: number): void {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    this.#reopening = setTimeout(() => this.#server.listen(this.#address), ms);
  }

  /** Destroys open connections. */
  async close(): Promise<void> {
    clearTimeout(this.#reopening);
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const arrived = performance.now();
    const reply = new HttpReply(outgoing);
    try {
      const path = pathOf(incoming.url!);
      // Mailchimp replies so to a path that is not a valid URL.
      if (path === undefined) return problem(reply, 414, nestedTooDeep);
      const match = this.#match(incoming.method!, path);
      if (!match) return reply.code(404).json({ error: 'Not Found' });
      const body = await bodyOf(incoming);
      await match.handle(new HttpRequest(incoming, { arrived, body, params: match.params }), reply);
    } catch {
      if (outgoing.headersSent) outgoing.destroy();
      else problem(reply, 500, internalError);
    }
  }

  #match(method: string, path: string): Match | undefined {
    const given = path.split('/');
    for (const route of this.#routes) {
      if (route.method !== undefined && route.method !== method) continue;
      const params = matchParts(route.parts, given);
      if (params) return { handle: route.handle, params };
    }
    return undefined;
  }
}

function problem(reply: HttpReply, status: number, refusal: Parameters<typeof problemDocument>[0]): void {
  reply
    .code(status)
    .type(PROBLEM_JSON)
    .send(JSON.stringify(problemDocument(refusal, randomUUID())));
}

function pathOf(url: string): string | undefined {
  const [path = ''] = url.split('?', 1);
  try {
    return decodeURI(path);
  } catch {
    return undefined;
  }
}

function matchParts(parts: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  const isOpen = parts.at(-1) === '*';
  if (isOpen ? given.length < parts.length : given.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    if (part === '*') break;
    const value = given[index]!;
    if (part.startsWith(':')) params[part.slice(1)] = value;
    else if (part !== value) return undefined;
  }
  return params;
}

/** A `GET` with a body is answered as one without. */
async function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
  const { method, headers } = incoming;
  if (method === 'GET' || method === 'HEAD') return undefined;
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  return isEmpty && headers['content-type'] === undefined ? undefined : (await buffer(incoming)).toString();
}
