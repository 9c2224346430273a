import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import type { RequestListener } from 'node:http';
import { ExportError } from '../../src/errors';
import { AUDIENCE, DELIVERY, openAt, openSandbox, serve, upserts } from './support';

function answer(status: number, body: string, type = 'application/problem+json'): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': type }).end(body);
  };
}

function problem(title: string, detail: string): string {
  return JSON.stringify({ title, detail, status: 0, instance: '14c40d88-9b23-1adf-9d0b-bb2996468021' });
}

async function failureAt(listener: RequestListener): Promise<ExportError> {
  const account = openAt(await serve(listener));
  const error = await account.audience(AUDIENCE).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ExportError);
  return error as ExportError;
}

test.each([
  [401, problem('API Key Invalid', 'Your API key may be invalid'), 'KEY_INVALID', 'key'],
  [403, problem('Forbidden', 'You may not'), 'ROLE_TOO_LOW', 'role'],
  [403, problem('User Disabled', 'This account has been deactivated.'), 'KEY_INVALID', 'user_disabled'],
  [403, problem('Authorization Failure', 'Your plan does not have it'), 'PLAN_LIMIT', 'plan'],
  [403, '<H1>Access Denied</H1>', 'MAILCHIMP_BUSY', 'busy'],
  [403, '', 'MAILCHIMP_BUSY', 'busy'],
  [429, '', 'MAILCHIMP_BUSY', 'busy'],
  [429, problem('Too Many Requests', 'You have exceeded the limit'), 'MAILCHIMP_BUSY', 'busy'],
  [503, '<html>', 'MAILCHIMP_BUSY', 'busy'],
  [404, problem('Resource Not Found', 'Not there'), 'AUDIENCE_NOT_FOUND', 'audience'],
  [400, problem('Invalid Resource', 'Malformed'), 'MAILCHIMP_REFUSED', 'refused'],
  [400, '<H1>Bad Request</H1>', 'MAILCHIMP_UNAVAILABLE', 'unreadable'],
  [405, problem('Method Not Allowed', 'No'), 'MAILCHIMP_REFUSED', 'refused'],
  [426, problem('Upgrade Required', 'HTTPS please'), 'MAILCHIMP_REFUSED', 'refused'],
  [500, problem('InternalServerError', 'A deep, internal error'), 'MAILCHIMP_UNAVAILABLE', 'server_error'],
  [502, '<html>', 'MAILCHIMP_UNAVAILABLE', 'reply_lost'],
  [504, '<html>', 'MAILCHIMP_UNAVAILABLE', 'reply_lost'],
  [302, '', 'MAILCHIMP_UNAVAILABLE', 'reply_lost'],
])('%d %j is %s', async (...[status, body, code, name]) => {
  const type = body.startsWith('{') ? 'application/problem+json' : 'text/html';
  const error = await failureAt(answer(status, body, type));
  expect(error).toMatchObject({
    code,
    details: { method: 'GET', route: '/lists/{list_id}', status, class: name },
  });
  expect(error.message).toContain(
    `Could not read the audience (GET /lists/{list_id}): Mailchimp returned ${status}`,
  );
  expect(error.message.includes('[request 14c40d88')).toBe(body.startsWith('{'));
});

test('a 401 to the token of a sign-in is KEY_REVOKED, with the command that signs in again', async () => {
  const baseUrl = await serve(answer(401, problem('API Key Invalid', 'Your API key may be invalid')));
  const account = openAt(baseUrl, { apiKey: 'token0123456789-us21', signedInTo: 'main' });
  const error = await account.login().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'KEY_REVOKED', details: { status: 401, class: 'token' } });
  expect((error as ExportError).message).toMatch(/Sign in again: temporal-mailchimp account login main$/);
  expect(inspect(error)).not.toContain('token0123456789');
});

test.each([
  ['not JSON', '{"id":', 'unreadable'],
  ['another shape', '{"id":"x","name":3}', 'unreadable'],
  ['nothing', '', 'unreadable'],
  ['a page', '<html>', 'unreadable'],
])('a 200 with %s is MAILCHIMP_UNAVAILABLE', async (_, body, name) => {
  const error = await failureAt(answer(200, body, 'application/json'));
  expect(error).toMatchObject({ code: 'MAILCHIMP_UNAVAILABLE', details: { class: name } });
});

test('a connection that cannot be made is MAILCHIMP_UNAVAILABLE, with the network code as its cause', async () => {
  const error = await openAt('http://127.0.0.1:1/3.0')
    .login()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'MAILCHIMP_UNAVAILABLE',
    message: expect.stringContaining('ECONNREFUSED'),
    cause: { message: 'ECONNREFUSED' },
  });
});

test.each([
  answer(400, problem('Invalid Resource', 'ada@shop.test and "Lovelace" are invalid')),
  answer(400, problem('ada@shop.test is not valid', 'Malformed')),
  answer(401, problem('API Key Invalid', 'Your API key may be invalid')),
  answer(404, problem('No ada@shop.test', 'No "Lovelace"')),
  answer(500, problem('InternalServerError', 'ada@shop.test')),
  answer(200, '{"new_members":"ada@shop.test Lovelace"}', 'application/json'),
  answer(200, 'ada@shop.test Lovelace', 'application/json'),
  ((request) => request.socket.destroy()) satisfies RequestListener,
])('no error carries a key, an address, a name or a body (%#)', async (listener) => {
  const account = openAt(await serve(listener));
  const chunk = upserts(['ada@shop.test', 'bob@shop.test']);
  const rows = chunk.rows.map((row) => ({ ...row, fields: '{"LNAME":"Lovelace"}' }));
  const result = await account
    .sendChunk(DELIVERY, { ...chunk, rows })
    .then((results) => results.map(({ class: name, text }) => [name, text]))
    .catch((thrown: unknown) => thrown);
  const shown = inspect(result, { depth: 20, showHidden: true, getters: true });
  expect(shown).not.toMatch(/secretkey|ada@|bob@|Lovelace/i);
  expect(shown).not.toContain(Buffer.from('user:secretkey').toString('base64').slice(0, 12));
});

test('the word "server" in the base URL is not replaced', async () => {
  const urls: string[] = [];
  const base = await serve((request, response) => {
    urls.push(request.url!);
    response.setHeader('content-type', 'application/json');
    response.end('{"account_id":"1","role":"owner"}');
  });
  await openAt(`${base}/server`).login();
  expect(urls[0]).toMatch(/^\/3\.0\/server\/\?/);
});

test('two accounts of one process keep their own keys', async () => {
  const { open, sandbox } = await openSandbox();
  const wrong = open({ apiKey: 'ffffffffffffffffffffffffffffffff-us1' });
  const right = open({ apiKey: sandbox.apiKey });
  await expect(wrong.login()).rejects.toMatchObject({ code: 'KEY_INVALID' });
  await expect(right.login()).resolves.toMatchObject({ role: 'owner' });
  await expect(wrong.login()).rejects.toMatchObject({ code: 'KEY_INVALID' });
});
