import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { HttpReply, HttpRequest, MailchimpTransport, TransportTarget } from '../ports/transport';
import { type Sandbox, startSandbox } from '../sandbox';
import { assertSame, casesWith, type ContractCase, errorOf, type Fixture } from './contract-case';

const AUDIENCE = 'c0ffee0001';

const GET: HttpRequest = { method: 'GET', route: '/', params: {}, query: {}, body: null, isFresh: false };

interface Opened extends Fixture {
  readonly sandbox: Sandbox;
  readonly transport: MailchimpTransport;
}

/** The rules of `MailchimpTransport`, against the sandbox. @param open opens a transport for a target */
export function mailchimpTransportContract(
  open: (target: TransportTarget) => MailchimpTransport,
): readonly ContractCase[] {
  const openSandbox = async (): Promise<Opened> => {
    const sandbox = await startSandbox({ audiences: [{ id: AUDIENCE, name: 'Newsletter' }] });
    const transport = open({ apiKey: sandbox.apiKey, baseUrl: sandbox.url, timeoutMs: 10_000 });
    return { sandbox, transport, close: () => sandbox.close() };
  };
  return [...casesWith(openSandbox, SANDBOX_RULES), ...casesWith(async () => ({ open }), SERVER_RULES)];
}

const SANDBOX_RULES: Readonly<Record<string, (opened: Opened) => Promise<void>>> = {
  'a request with the key is answered with the body as it is': async ({ transport }) => {
    const reply = await transport.exchange(GET);
    assert.equal(reply.status, 200);
    assert.ok('account_id' in parse(reply));
  },
  'parameters are filled in and encoded, and a query is sent': async ({ transport }) => {
    const lists = await transport.exchange({
      ...GET,
      route: '/lists',
      query: { count: 1, fields: 'lists.id' },
    });
    assertSame(parse(lists), { lists: [{ id: AUDIENCE }] });
    const absent = await transport.exchange({
      ...GET,
      route: '/lists/{list_id}',
      params: { list_id: 'a/b c' },
    });
    assert.equal(absent.status, 404);
  },
  'a body arrives, on kept connections and on fresh ones': async ({ transport, sandbox }) => {
    for (const isFresh of [false, true]) {
      const email = `${isFresh ? 'fresh' : 'kept'}@mail.test`;
      const reply = await transport.exchange({
        method: 'POST',
        route: '/lists/{list_id}/members',
        params: { list_id: AUDIENCE },
        query: {},
        body: JSON.stringify({ email_address: email, status: 'subscribed' }),
        isFresh,
      });
      assert.equal(reply.status, 200, text(reply));
    }
    assertSame([...sandbox.members(AUDIENCE)].map(({ email }) => email).toSorted(), [
      'fresh@mail.test',
      'kept@mail.test',
    ]);
  },
  'a refusal is a reply, with its body': async ({ transport }) => {
    const reply = await transport.exchange({
      ...GET,
      method: 'POST',
      route: '/lists/{list_id}/members',
      params: { list_id: AUDIENCE },
      body: '{"email_address":"no address","status":"subscribed"}',
    });
    assert.equal(reply.status, 400);
    assert.ok('title' in parse(reply));
  },
  'a reply without a body is an empty one': async ({ transport }) => {
    const made = await transport.exchange({
      ...GET,
      method: 'POST',
      route: '/lists/{list_id}/segments',
      params: { list_id: AUDIENCE },
      body: '{"name":"VIP","static_segment":[]}',
    });
    const reply = await transport.exchange({
      ...GET,
      method: 'DELETE',
      route: '/lists/{list_id}/segments/{segment_id}',
      params: { list_id: AUDIENCE, segment_id: Number(parse(made)['id']) },
    });
    assert.equal(reply.status, 204);
    assert.equal(reply.body.length, 0);
  },
};

interface Opener extends Fixture {
  readonly open: (target: TransportTarget) => MailchimpTransport;
}

const KEY = 'a-key-that-must-stay-secret-us1';
const BODY = '{"email_address":"jane@mail.test"}';
const POST: HttpRequest = { ...GET, method: 'POST', route: '/lists', body: BODY };

const SERVER_RULES: Readonly<Record<string, (opened: Opener) => Promise<void>>> = {
  'a redirect is a reply and is not followed': async ({ open }) => {
    const asked: string[] = [];
    await withServer(
      (request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(302, { location: '/elsewhere' }).end();
      },
      async (baseUrl) => {
        const reply = await open({ apiKey: KEY, baseUrl, timeoutMs: 10_000 }).exchange(POST);
        assert.equal(reply.status, 302);
      },
    );
    assertSame(asked, ['POST /3.0/lists']);
  },
  'a page that is not JSON is a reply': async ({ open }) => {
    await withServer(
      (_request, response) => response.writeHead(503, { 'content-type': 'text/html' }).end('<p>busy'),
      async (baseUrl) => {
        const reply = await open({ apiKey: KEY, baseUrl, timeoutMs: 10_000 }).exchange(POST);
        assertSame([reply.status, text(reply)], [503, '<p>busy']);
      },
    );
  },
  'a connection that breaks off rejects with a code, contains neither key nor body, and is not tried again':
    async ({ open }) => {
      let requests = 0;
      await withServer(
        (request) => {
          requests += 1;
          request.socket.destroy();
        },
        async (baseUrl) => {
          const error = await errorOf(open({ apiKey: KEY, baseUrl, timeoutMs: 10_000 }).exchange(POST));
          assert.equal((error as { code?: unknown }).code, 'ECONNRESET');
          assertHoldsNoSecret(error);
        },
      );
      assert.equal(requests, 1);
    },
  'a reply that does not come rejects with ECONNABORTED after the time limit': async ({ open }) => {
    await withServer(
      () => {},
      async (baseUrl) => {
        const error = await errorOf(open({ apiKey: KEY, baseUrl, timeoutMs: 50 }).exchange(POST));
        assert.equal((error as { code?: unknown }).code, 'ECONNABORTED');
        assertHoldsNoSecret(error);
      },
    );
  },
  'where nothing listens it rejects with ECONNREFUSED': async ({ open }) => {
    let unused = '';
    await withServer(
      () => {},
      async (baseUrl) => {
        unused = baseUrl;
      },
    );
    const error = await errorOf(open({ apiKey: KEY, baseUrl: unused, timeoutMs: 10_000 }).exchange(POST));
    assert.equal((error as { code?: unknown }).code, 'ECONNREFUSED');
    assertHoldsNoSecret(error);
  },
};

function assertHoldsNoSecret(error: unknown): void {
  const seen = inspect(error, { depth: 10, showHidden: true });
  for (const secret of [KEY, Buffer.from(`user:${KEY}`).toString('base64'), 'jane@mail.test'])
    assert.ok(!seen.includes(secret), 'the error contains a secret');
}

async function withServer(
  listener: RequestListener,
  work: (baseUrl: string) => Promise<void>,
): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/3.0`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function text({ body }: HttpReply): string {
  return Buffer.from(body).toString('utf8');
}

function parse(reply: HttpReply): Record<string, unknown> {
  return JSON.parse(text(reply)) as Record<string, unknown>;
}
