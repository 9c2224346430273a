import { expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/index';
import { answerOf, Api, withSandbox } from './support';

const REDIRECT = 'http://127.0.0.1:9/back';

const origin = (sandbox: Sandbox): string => `http://127.0.0.1:${sandbox.port}`;

async function authorize(sandbox: Sandbox, redirectUri = REDIRECT): Promise<Response> {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'me',
    redirect_uri: redirectUri,
    state: 's',
  });
  return fetch(`${origin(sandbox)}/oauth2/authorize?${query.toString()}`, { redirect: 'manual' });
}

const token = async (sandbox: Sandbox, code: string) =>
  answerOf(
    await fetch(`${origin(sandbox)}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'me',
        client_secret: 'secret',
        redirect_uri: REDIRECT,
        code,
      }),
    }),
  );

const metadata = async (sandbox: Sandbox, access: string) =>
  answerOf(
    await fetch(`${origin(sandbox)}/oauth2/metadata`, { headers: { authorization: `OAuth ${access}` } }),
  );

test('a code is valid for one token, which authorizes the API and returns the data centre', async () => {
  await withSandbox({}, async (_api, sandbox) => {
    const target = new URL((await authorize(sandbox)).headers.get('location')!);
    expect([target.origin + target.pathname, target.searchParams.get('state')]).toEqual([REDIRECT, 's']);
    const code = target.searchParams.get('code')!;
    const { status, body } = await token(sandbox, code);
    expect([status, body.expires_in, body.scope]).toEqual([200, 0, null]);
    expect((await token(sandbox, code)).status).toBe(400);
    expect((await metadata(sandbox, body.access_token as string)).body).toMatchObject({
      dc: 'us1',
      role: 'owner',
      api_endpoint: origin(sandbox),
    });
    for (const scheme of ['OAuth', 'Bearer'])
      expect(
        (await new Api(sandbox, { authorization: `${scheme} ${body.access_token}` }).get('/ping')).status,
      ).toBe(200);
  });
});

test('a revoked token is refused', async () => {
  await withSandbox({}, async (_api, sandbox) => {
    const code = new URL((await authorize(sandbox)).headers.get('location')!).searchParams.get('code')!;
    const { access_token: access } = (await token(sandbox, code)).body;
    sandbox.control.set({ switches: { keysRevoked: true } });
    expect((await metadata(sandbox, access as string)).body.error).toBe('invalid_token');
    expect((await new Api(sandbox, { authorization: `OAuth ${access}` }).get('/ping')).status).toBe(401);
  });
});

test('localhost is refused as redirect URI', async () => {
  await withSandbox({}, async (_api, sandbox) => {
    expect((await authorize(sandbox, 'http://localhost:9/back')).status).toBe(400);
  });
});
