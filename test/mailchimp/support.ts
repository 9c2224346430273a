import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import type { MailchimpAccount } from '../../src/ports/mailchimp';
import type { Chunk, RowResult, UpsertRow } from '../../src/contract/plan';
import { type ConnectionOptions, createLimiter, openAccount } from '../../src/mailchimp';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox';

export const AUDIENCE = '1a2b3c4d5e';
export const DELIVERY = { audienceId: AUDIENCE, statusIfNew: 'subscribed' };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

export interface Opened {
  readonly sandbox: Sandbox;
  readonly account: MailchimpAccount;
  /** Another account object on the same sandbox. */
  readonly open: (options?: Partial<ConnectionOptions>) => MailchimpAccount;
}

export async function openSandbox(options: SandboxOptions = {}): Promise<Opened> {
  const sandbox = await startSandbox(options);
  closing.push(() => sandbox.close());
  const open = (more: Partial<ConnectionOptions> = {}) =>
    openAccount({
      apiKey: sandbox.apiKey,
      baseUrl: sandbox.url,
      limiter: createLimiter({ connections: 4 }),
      backOffMs: 5,
      ...more,
    });
  return { sandbox, account: open(), open };
}

/** Starts a server for replies that the sandbox cannot give. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/3.0`;
}

export function openAt(baseUrl: string, more: Partial<ConnectionOptions> = {}): MailchimpAccount {
  return openAccount({
    apiKey: 'secretkey0123456789-us21',
    baseUrl,
    limiter: createLimiter({ connections: 4 }),
    backOffMs: 5,
    ...more,
  });
}

export function row(email: string, more: Partial<UpsertRow> = {}): UpsertRow {
  return { email, fields: '{"FNAME":"Ada"}', tags: '["Loyal"]', known: false, status: null, ...more };
}

export function upserts(emails: readonly string[]): Chunk & { readonly kind: 'upsert' } {
  return { kind: 'upsert', chunk: 7, rows: emails.map((email) => row(email)) };
}

export function untags(tagId: number, emails: readonly string[]): Chunk & { readonly kind: 'untag' } {
  return { kind: 'untag', chunk: 8, tagId, emails };
}

export function addresses(count: number, name = 'person'): string[] {
  return Array.from({ length: count }, (_, number) => `${name}${number}@shop.test`);
}

export function byEmail(results: readonly RowResult[]): Record<string, string> {
  return Object.fromEntries(
    results.map(({ email, result, class: name }) => [
      email,
      name === undefined ? result : `${result} ${name}`,
    ]),
  );
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Polls until the batches are finished. */
export async function finished(account: MailchimpAccount, batchIds: readonly string[]): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const states = await account.batches(batchIds);
    if (states.every(({ status }) => status === 'finished')) return;
  }
  throw new Error('the batches did not finish in time');
}
