import { Agent, type RequestListener } from 'node:http';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import { openSdkTransport } from '../../src/mailchimp/sdk-transport';
import type { HttpReply, MailchimpTransport } from '../../src/ports/transport';
import { serve } from './support';

const agent = new Agent({ keepAlive: true });
afterAll(() => agent.destroy());

const TEXT = JSON.stringify({ name: 'Newsletter', contact: 'é'.repeat(2_000) });
const PACKED = gzipSync(TEXT);
const GZIP = { 'content-encoding': 'gzip', 'content-type': 'application/json' };

interface Answer {
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const GOOD: Answer = { headers: { 'content-type': 'application/json' }, body: TEXT };

async function openFor(listener: RequestListener, timeoutMs = 10_000): Promise<MailchimpTransport> {
  return openSdkTransport({ apiKey: 'key-us1', baseUrl: await serve(listener), timeoutMs, agent });
}

/** A transport to a server that gives the answers one after the other. */
function openWith(...answers: readonly Answer[]): Promise<MailchimpTransport> {
  const left = answers.values();
  return openFor((_, response) => {
    const { status = 200, headers, body } = left.next().value ?? GOOD;
    response.writeHead(status, headers).end(body);
  });
}

function get(transport: MailchimpTransport): Promise<HttpReply> {
  return transport.exchange({
    method: 'GET',
    route: '/lists',
    params: {},
    query: {},
    body: null,
    isFresh: false,
  });
}

function text({ body }: HttpReply): string {
  return Buffer.from(body).toString('utf8');
}

test.each([
  ['gzip', GZIP, PACKED],
  ['deflate', { ...GZIP, 'content-encoding': 'deflate' }, deflateSync(TEXT)],
  ['two members of gzip', GZIP, Buffer.concat([gzipSync(TEXT.slice(0, 9)), gzipSync(TEXT.slice(9))])],
  ['nothing', GOOD.headers, Buffer.from(TEXT)],
])('a reply that is packed by %s is unpacked', async (_, headers, body) => {
  const transport = await openWith({ headers, body });
  expect(text(await get(transport))).toBe(TEXT);
});

test.each([
  ['empty', 200, ''],
  ['a packed nothing', 200, gzipSync('')],
  ['none', 204, ''],
])('a packed body that is %s is an empty one', async (_, status, body) => {
  const transport = await openWith({ status, headers: GZIP, body });
  expect(await get(transport)).toMatchObject({ status, body: { length: 0 } });
});

test.each([
  ['cut off', PACKED.subarray(0, 40), 'Z_BUF_ERROR'],
  ['without its end', PACKED.subarray(0, -8), 'Z_BUF_ERROR'],
  ['changed', Buffer.concat([PACKED.subarray(0, -8), Buffer.alloc(8)]), 'Z_DATA_ERROR'],
  ['not packed at all', Buffer.from(TEXT), 'Z_DATA_ERROR'],
  ['a bomb', gzipSync(Buffer.alloc(200_000_001)), 'ERR_BUFFER_TOO_LARGE'],
])('a packed reply that is %s rejects with a code, and the next one is read', async (_, body, code) => {
  const transport = await openWith({ headers: GZIP, body }, GOOD);
  await expect(get(transport)).rejects.toMatchObject({ message: code, code });
  expect(text(await get(transport))).toBe(TEXT);
});

test('a packed reply that breaks off rejects with ECONNRESET', async () => {
  const transport = await openFor((_, response) => {
    response.writeHead(200, { ...GZIP, 'content-length': PACKED.length });
    response.write(PACKED.subarray(0, 40), () => response.destroy());
  });
  await expect(get(transport)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a packed reply that stops in the middle rejects with ECONNABORTED after the time limit', async () => {
  const transport = await openFor((_, response) => {
    response.writeHead(200, GZIP).write(PACKED.subarray(0, 40));
  }, 100);
  await expect(get(transport)).rejects.toMatchObject({ code: 'ECONNABORTED' });
});

test.each(['application/octet-stream', 'application/xml', 'image/png', 'multipart/mixed; boundary=a'])(
  'a page of the type %s is a reply, with its body',
  async (type) => {
    const transport = await openWith({ status: 503, headers: { 'content-type': type }, body: 'busy' });
    const reply = await get(transport);
    expect([reply.status, text(reply)]).toEqual([503, 'busy']);
  },
);

test('a page that is neither text nor JSON and breaks off rejects with ECONNRESET, and ends no process', async () => {
  const transport = await openFor((_, response) => {
    response.writeHead(503, { 'content-type': 'application/xml', 'content-length': 5_000 });
    response.write('<html>', () => setTimeout(() => response.destroy(), 20));
  });
  await expect(get(transport)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a refusal whose packed text is cut off keeps its status, so that a 429 counts as busy', async () => {
  const cut = PACKED.subarray(0, PACKED.length / 2);
  const transport = await openWith({ status: 429, headers: GZIP, body: cut });
  expect(await get(transport)).toMatchObject({ status: 429 });
});
