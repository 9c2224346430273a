import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, test } from '@jest/globals';
import { AUDIENCE, withSandbox } from './support';

async function statusOf(port: number, headers: Readonly<Record<string, string>>): Promise<number> {
  const asked = request({
    port,
    host: '127.0.0.1',
    path: `/_sandbox/audiences/${AUDIENCE}/members`,
    headers,
  });
  asked.end();
  const [reply] = (await once(asked, 'response')) as [IncomingMessage];
  reply.resume();
  return reply.statusCode!;
}

test.each([
  ['a page of another site', { origin: 'https://evil.test' }],
  ['a page of this machine', { origin: 'http://127.0.0.1:8025' }],
  ['a page whose site has let its name point here', { host: 'evil.test:8025' }],
  ['a host that only begins like this machine', { host: '127.0.0.1.evil.test' }],
])('the control port refuses %s', async (_, headers) => {
  await withSandbox({}, async (_api, { port }) => {
    expect(await statusOf(port, headers)).toBe(403);
  });
});

test.each(['127.0.0.1', 'localhost', '[::1]'])(
  'the control port answers programs that call it %s',
  async (host) => {
    await withSandbox({}, async (_api, { port }) => {
      expect(await statusOf(port, { host: `${host}:${port}` })).toBe(200);
    });
  },
);
