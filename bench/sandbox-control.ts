import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AUDIENCE_ID } from '../src/dev/demo/setting';
import type { ProviderFigures } from './figures';

interface RequestCount {
  readonly method: string;
  readonly route: string;
  readonly via: 'http' | 'batch';
  readonly status: number;
  readonly count: number;
}

interface State {
  readonly requests: readonly RequestCount[];
  readonly bytes: { readonly up: number; readonly down: number };
  readonly maxConcurrent: number;
}

export interface Member {
  readonly email: string;
  readonly status: string;
  readonly merge_fields: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

/** A request to `/batches` only submits or reads work. */
const isWrite = ({ method, route }: RequestCount): boolean =>
  method !== 'GET' && !route.startsWith('/batches');

/** The sandbox's control endpoints: its own counts and members, independent of the exporter. */
export class SandboxControl {
  readonly #url: string;
  readonly #audienceId: string;

  constructor(url: string, audienceId = AUDIENCE_ID) {
    this.#url = url;
    this.#audienceId = audienceId;
  }

  async clearCounters(): Promise<void> {
    await this.#call('/_sandbox/requests', { method: 'DELETE' });
  }

  async counted(): Promise<ProviderFigures> {
    const reply = await this.#call('/_sandbox/state');
    const { requests, bytes, maxConcurrent } = (await reply.json()) as State;
    const count = (counts: (request: RequestCount) => boolean): number =>
      requests.filter(counts).reduce((sum, request) => sum + request.count, 0);
    return {
      requests: count(({ via }) => via === 'http'),
      reads: count(({ via, method }) => via === 'http' && method === 'GET'),
      writes: count(isWrite),
      rowWrites: count(
        (request) =>
          isWrite(request) && /^\/lists\/\{list_id\}($|\/members|\/segments\/)/.test(request.route),
      ),
      batches: count((request) => request.method === 'POST' && request.route === '/batches'),
      bytesUp: bytes.up,
      bytesDown: bytes.down,
      maxConnections: maxConcurrent,
    };
  }

  /** All members, one JSON line each. */
  async dump(file: string): Promise<void> {
    const url = new URL(`/_sandbox/audiences/${this.#audienceId}/members`, this.#url);
    // Without fetch, whose streams take a minute for a million lines.
    const [reply] = (await once(get(url), 'response')) as [IncomingMessage];
    if (reply.statusCode !== 200)
      throw new Error(`The sandbox answered ${reply.statusCode} to ${url.pathname}`);
    await pipeline(reply, createWriteStream(file));
  }

  /** The members of an audience. */
  async members(audienceId: string): Promise<Member[]> {
    const reply = await this.#call(`/_sandbox/audiences/${audienceId}/members`);
    const lines = (await reply.text()).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Member);
  }

  async #call(path: string, init?: RequestInit): Promise<Response> {
    const reply = await fetch(new URL(path, this.#url), init);
    if (reply.ok) return reply;
    throw new Error(`The sandbox answered ${reply.status} to ${path}: ${await reply.text()}`);
  }
}
