import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { MemberSeed, Sandbox, SandboxOptions } from '../../src/sandbox/index';
import { startSandbox } from '../../src/sandbox/index';

export const AUDIENCE = '1a2b3c4d5e';
export const ADA = 'Ada@Lovelace.org';
export const LIST = `/lists/${AUDIENCE}`;

// eslint-disable-next-line typescript/no-explicit-any -- what a test reads from a reply is checked by the test itself
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

export class Api {
  readonly sandbox: Sandbox;
  readonly headers: Readonly<Record<string, string>>;

  constructor(sandbox: Sandbox, headers?: Readonly<Record<string, string>>) {
    this.sandbox = sandbox;
    this.headers = headers ?? { authorization: `Bearer ${sandbox.apiKey}` };
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const reply = await fetch(this.sandbox.url + path, { method, headers: this.headers, ...sent });
    return answerOf(reply);
  }

  get = (path: string): Promise<Answer> => this.call('GET', path);
  post = (path: string, body?: unknown): Promise<Answer> => this.call('POST', path, body);
  put = (path: string, body?: unknown): Promise<Answer> => this.call('PUT', path, body);
  patch = (path: string, body?: unknown): Promise<Answer> => this.call('PATCH', path, body);
  delete = (path: string): Promise<Answer> => this.call('DELETE', path);

  /** Rows of one batch subscribe with `update_existing`. */
  subscribe = (members: readonly unknown[], options: object = { update_existing: true }): Promise<Answer> =>
    this.post(LIST, { members, ...options });

  member = (address: string): Promise<Answer> => this.get(memberPath(address));
}

export async function answerOf(reply: Response): Promise<Answer> {
  const text = await reply.text();
  const json = /^application\/(?:problem\+)?json/.test(reply.headers.get('content-type') ?? '');
  return { status: reply.status, headers: reply.headers, text, body: json ? JSON.parse(text) : undefined };
}

export const hash = (address: string): string =>
  createHash('md5').update(address.toLowerCase()).digest('hex');

export const memberPath = (address: string): string => `${LIST}/members/${hash(address)}`;

export const seeded = (...members: MemberSeed[]): SandboxOptions => ({
  audiences: [{ id: AUDIENCE, name: 'One', members }],
});

/** The part of a problem document that tests compare. */
export const problem = ({ body }: Answer): object => ({
  status: body.status,
  title: body.title,
  detail: body.detail,
  typed: 'type' in body,
});

/** Starts a sandbox for one test and closes it afterwards, also when the test fails. */
export async function withSandbox(
  options: SandboxOptions,
  test: (api: Api, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const sandbox = await startSandbox(options);
  try {
    await test(new Api(sandbox), sandbox);
  } finally {
    await sandbox.close();
  }
}

export const operation = (path: string, body?: unknown, rest: object = {}): object => ({
  method: body === undefined ? 'GET' : 'POST',
  path,
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  ...rest,
});

export async function batchInState(api: Api, id: string, state: string): Promise<Json> {
  for (;;) {
    const { status, body } = await api.get(`/batches/${id}`);
    if (status !== 200) throw new Error(`GET /batches/{id} answered ${status}`);
    if (body.status === state) return body;
  }
}

/** Starts a batch and polls it to its end. */
export async function runBatch(api: Api, operations: readonly object[]): Promise<Json> {
  const { body } = await api.post('/batches', { operations });
  return batchInState(api, body.id, 'finished');
}

export interface TarEntry {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

export async function untar(bytes: Buffer): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  const reader = extract();
  const collect = async (): Promise<void> => {
    for await (const entry of reader) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      entries.push({ name: entry.header.name, type: entry.header.type ?? '', text });
    }
  };
  await Promise.all([pipeline(Readable.from([bytes]), createGunzip(), reader), collect()]);
  return entries;
}

export async function download(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

/** The operations' results of a finished batch. */
export async function results(batch: Json): Promise<Json[]> {
  const entries = await untar(await download(batch.response_body_url));
  return entries.filter(({ text }) => text !== '').flatMap(({ text }) => JSON.parse(text) as Json[]);
}
