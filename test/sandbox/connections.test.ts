import { expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/index';
import { Api, AUDIENCE, LIST, withSandbox } from './support';

const row = (place: number): object => ({ email_address: `p${place}@wp.pl`, status_if_new: 'subscribed' });

async function inFlight(sandbox: Sandbox, count: number): Promise<void> {
  while ((sandbox.control.state() as { inFlight: number }).inFlight !== count)
    await new Promise((resolve) => setImmediate(resolve));
}

test('the eleventh simultaneous request of a user is refused, whichever key it uses', async () => {
  const keys = ['us1', 'us2'].map((dc) => `${'a'.repeat(32)}-${dc}`);
  const accounts = [{ apiKeys: keys, audiences: [{ id: 'aaaaaaaaaa', name: 'A' }] }];
  await withSandbox({ accounts, operationMs: 1_000 }, async (own, sandbox) => {
    const [one, two] = keys.map((key) => new Api(sandbox, { authorization: `Bearer ${key}` })) as [Api, Api];
    const body = { members: [row(1)], update_existing: true };
    const ten = Array.from({ length: 10 }, (_, place) =>
      (place % 2 ? one : two).post('/lists/aaaaaaaaaa', body),
    );
    await inFlight(sandbox, 10);
    const refused = await two.get('/ping');
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(refused.body).toEqual({
      type: 'https://mailchimp.com/developer/marketing/docs/errors/',
      title: 'Too Many Requests',
      status: 429,
      detail: 'You have exceeded the limit of 10 simultaneous connections.',
      instance: refused.headers.get('x-request-id'),
    });
    // Another user has ten of their own.
    expect((await own.get('/ping')).status).toBe(200);
    expect((await Promise.all(ten)).map(({ status }) => status)).toEqual(
      Array.from({ length: 10 }, () => 200),
    );
    expect(sandbox.maxConcurrent).toBe(10);
    expect((await one.get('/ping')).status).toBe(200);
  });
});

test('a client that disconnects keeps its connection until the work is done, and the work is done', async () => {
  await withSandbox({ operationMs: 100, connectionLimit: 1 }, async (api, sandbox) => {
    const gone = new AbortController();
    const request = fetch(sandbox.url + LIST, {
      method: 'POST',
      headers: api.headers,
      body: JSON.stringify({ members: [row(1)] }),
      signal: gone.signal,
    });
    await inFlight(sandbox, 1);
    gone.abort();
    await expect(request).rejects.toThrow('aborted');
    expect((await api.get('/ping')).status).toBe(429);
    await inFlight(sandbox, 0);
    expect(sandbox.state(AUDIENCE).members).toBe(1);
    expect((await api.get('/ping')).status).toBe(200);
  });
});

test('a request that hangs keeps its connection, and closing ends it', async () => {
  let request: Promise<unknown> | undefined;
  await withSandbox({ connectionLimit: 1 }, async (api, sandbox) => {
    sandbox.fail('hang 120 s on GET /lists');
    request = api.get('/lists').catch(String);
    await inFlight(sandbox, 1);
    expect((await api.get('/ping')).status).toBe(429);
  });
  expect(await request).toBe('TypeError: fetch failed');
});

test('batches work without a connection', async () => {
  await withSandbox({ operationMs: 20, connectionLimit: 1 }, async (api, sandbox) => {
    await api.post('/batches', { operations: [{ method: 'GET', path: '/ping' }] });
    await inFlight(sandbox, 0);
    expect((await api.get('/ping')).status).toBe(200);
  });
});
