import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import { until } from '../support/until';
import { openLoginScene, SECRET, type LoginScene } from './login-scene';
import { fakeTerminal, run, runJson } from './terminal';

const refusal = async (work: Promise<unknown>) => {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(inspect(error, { depth: 5 })).not.toContain(SECRET);
  return error;
};

/** Where Mailchimp sends the browser back to. */
const reply = async (link: string) =>
  new URL((await fetch(link, { redirect: 'manual' })).headers.get('location')!);

/** The link that the user is asked to open. */
const linkOf = (text: string) => /http:\S+authorize\S+/.exec(text)?.[0];

describe('account login', () => {
  let scene: LoginScene;

  beforeEach(async () => {
    scene = await openLoginScene();
  });

  afterEach(async () => {
    await scene.close();
  });

  const cli = (line: string) => run([...line.split(' '), '--config', scene.configFile]);
  const token = () => readFile(scene.tokenFile, 'utf8');

  test('writes the token with its data centre to a file that only its owner can read, and says so', async () => {
    const signedIn = await scene.login();
    expect(signedIn).toMatchObject({ account: 'main', login: { role: 'owner', name: 'Sandbox' } });
    expect(await token()).toMatch(/^[0-9a-f]{32}-us1\n$/);
    expect(((await stat(scene.tokenFile)).mode & 0o777).toString(8)).toBe('600');
    expect(((await stat(dirname(scene.tokenFile))).mode & 0o777).toString(8)).toBe('700');
    expect(await readdir(dirname(scene.tokenFile))).toEqual(['main']);
    expect(scene.said()).toMatch(/allow the app:\n\n {2}http:.*\/oauth2\/authorize\?response_type=code&/);
    expect(scene.said()).not.toContain(SECRET);
  });

  test('shows a page without script or code, which no page of another site can frame', async () => {
    await scene.login();
    const page = await scene.page();
    const html = await page.text();
    expect([page.status, html]).toEqual([200, expect.stringContaining('go back to the terminal')]);
    expect(html).not.toMatch(/<script|code=/);
    expect(page.headers.get('content-security-policy')).toContain(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  test('is refused by the user: the earlier token stays', async () => {
    await scene.login();
    const before = await token();
    scene.sandbox.control.set({ switches: { signInAnswer: 'deny' } });
    const error = await refusal(scene.login());
    expect(error).toMatchObject({ code: 'SIGN_IN_FAILED', details: { account: 'main', reason: 'denied' } });
    expect((error as Error).message).toContain('it was denied in Mailchimp');
    const page = await scene.page();
    expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('Not signed in')]);
    expect(await token()).toBe(before);
  });

  test('is not ended by a reply with another state, which gets a page that says so', async () => {
    let link = '';
    const signingIn = scene.login({
      open: (given) => {
        link = given;
        return true;
      },
    });
    await until(async () => link !== '');
    const forged = await fetch(`${scene.redirectUri}?code=abc&state=forged`);
    expect([forged.status, await forged.text()]).toEqual([400, expect.stringContaining('another sign-in')]);
    expect(scene.said()).toContain('A reply of another sign-in came, and was refused');
    const stateless = await fetch(`${scene.redirectUri}?error=access_denied`);
    expect(stateless.status).toBe(400);
    scene.browse(link);
    expect(await signingIn).toMatchObject({ account: 'main' });
  });

  test('answers only its own path, on its own address', async () => {
    let link = '';
    const signingIn = scene.login({
      open: (given) => {
        link = given;
        return true;
      },
    });
    await until(async () => link !== '');
    expect((await fetch(new URL('/', scene.redirectUri))).status).toBe(404);
    expect((await fetch(scene.redirectUri, { method: 'POST' })).status).toBe(404);
    expect(
      (await fetch(scene.redirectUri.replace('127.0.0.1', 'localhost')).catch(() => ({ status: 404 })))
        .status,
    ).toBe(404);
    scene.browse(link);
    await signingIn;
  });

  test('a code that was used before is refused', async () => {
    const replay = async (link: string) => {
      const target = await reply(link);
      const { searchParams: query } = target;
      await fetch(new URL('/oauth2/token', scene.sandbox.url), {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: '123456789012',
          client_secret: SECRET,
          redirect_uri: scene.redirectUri,
          code: query.get('code')!,
        }),
      });
      return fetch(target);
    };
    const error = await refusal(scene.login({ open: (link) => [replay(link).catch(() => {})].length > 0 }));
    expect(error).toMatchObject({ code: 'SIGN_IN_FAILED', details: { reason: 'code' } });
    expect((error as Error).message).toContain('too old, or was used before');
  });

  test('a code that is too old is refused', async () => {
    scene.sandbox.control.set({ switches: { signInCodeSeconds: -1 } });
    expect(await refusal(scene.login())).toMatchObject({ details: { reason: 'code' } });
  });

  test('a client secret that was replaced is refused, and named', async () => {
    scene.sandbox.control.set({ switches: { appSecret: 'the-next-one' } });
    const error = await refusal(scene.login());
    expect(error).toMatchObject({ code: 'SIGN_IN_FAILED', details: { reason: 'client' } });
    expect((error as Error).message).toContain('refuses the client id or the client secret');
  });

  test('a port that another program uses is named, with its setting', async () => {
    const { port } = new URL(scene.redirectUri);
    const other = createServer().listen(Number(port), '127.0.0.1');
    await once(other, 'listening');
    try {
      const error = await refusal(scene.login());
      expect(error).toMatchObject({ code: 'SIGN_IN_FAILED', details: { reason: 'port' } });
      expect((error as Error).message).toContain(port);
      expect((error as Error).message).toContain('accounts.main.oauth.redirectPort');
    } finally {
      other.close();
    }
  });

  test('ends after a time without a reply, and frees its port', async () => {
    const waiting = scene.login({ open: () => true, waitMs: 20 });
    expect(await refusal(waiting)).toMatchObject({ details: { reason: 'timeout' } });
    await scene.login();
  });

  test('a login server that is not there is unreachable', async () => {
    let target: URL | undefined;
    const signingIn = scene.login({
      open: (link) => {
        void reply(link).then((url) => (target = url));
        return true;
      },
    });
    const outcome = refusal(signingIn);
    await until(async () => target !== undefined);
    await scene.sandbox.close();
    await fetch(target!);
    expect(await outcome).toMatchObject({ details: { reason: 'unreachable' } });
  });

  test('a user who may not write contacts is refused, and the earlier token stays', async () => {
    await scene.login();
    const before = await token();
    scene.sandbox.control.set({ switches: { role: 'viewer' } });
    expect(await refusal(scene.login())).toMatchObject({ code: 'ROLE_TOO_LOW' });
    expect(await token()).toBe(before);
  });

  test('refuses a folder into which others can write, before it asks the user', async () => {
    await mkdir(dirname(scene.tokenFile));
    await chmod(dirname(scene.tokenFile), 0o777);
    expect(await refusal(scene.login())).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(scene.said()).toBe('');
  });

  test('with --paste takes the address that the browser of another machine shows', async () => {
    const paste = async () => (await reply(linkOf(scene.said())!)).href;
    expect(await scene.login({ paste })).toMatchObject({ account: 'main' });
    expect(await refusal(scene.login({ paste: async () => 'ftp' }))).toMatchObject({
      details: { reason: 'reply' },
    });
    const forged = `${scene.redirectUri}?code=abc&state=forged`;
    expect(await refusal(scene.login({ paste: async () => forged }))).toMatchObject({
      details: { reason: 'state' },
    });
  });

  test('as a command: prints the link, waits for the browser, and Ctrl-C ends it without a change', async () => {
    const argv = ['account', 'login', '--no-browser', '--config', scene.configFile];
    const stopped = fakeTerminal();
    const stopping = main(argv, stopped);
    await until(async () => linkOf(stopped.errors()) !== undefined);
    stopped.interrupt();
    expect(await stopping).toBe(130);
    expect(stopped.errors()).toContain('Not signed in. Nothing was changed.');

    const terminal = fakeTerminal();
    const signingIn = main(argv, terminal);
    await until(async () => linkOf(terminal.errors()) !== undefined);
    await (await fetch(linkOf(terminal.errors())!)).text();
    expect(await signingIn).toBe(0);
    expect(terminal.output()).toMatch(
      /^Signed in to the account main: Sandbox \(\w+\), role owner\.\nThe token is in /,
    );
    const [secret = ''] = (await token()).split('-');
    expect(terminal.output() + terminal.errors()).not.toContain(secret);
  });

  test('the account then works by the sign-in, and check says so', async () => {
    expect((await cli('config check')).errors).toMatch(
      /accounts\.main\.oauth: The account main is not signed in .* Sign in: temporal-mailchimp .*account login main\n/,
    );
    expect((await cli('account check')).errors).toMatch(
      /^SECRET_UNAVAILABLE: The account main is not signed in/,
    );
    await scene.login();
    expect((await cli('config check')).output).toContain('Accounts      main (sign-in)\n');
    const { output } = await cli('account check');
    expect(output).toMatch(/Role {5}owner\nAccess {3}sign-in, file:tokens\/main\n/);
    expect((await runJson(['account', 'check', '--config', scene.configFile])).document).toMatchObject({
      credential: { kind: 'oauth', reference: 'file:tokens/main' },
    });
  });

  test('a token that others can read is found', async () => {
    await scene.login();
    await chmod(scene.tokenFile, 0o644);
    expect((await cli('account check')).errors).toMatch(/^CONFIG_INVALID: .*chmod 600/);
    expect((await cli('config check')).errors).toContain('can be read by other users');
  });

  test('a token that the user has revoked is KEY_REVOKED, with the command that signs in again', async () => {
    await scene.login();
    scene.sandbox.control.set({ switches: { tokensRevoked: true } });
    const [secret = ''] = (await token()).split('-');
    const { code, errors } = await cli('account check');
    expect([code, errors]).toEqual([1, expect.stringMatching(/^KEY_REVOKED: .* account login main\n$/)]);
    expect(errors).not.toContain(secret);
    // It is damaged, or of another program.
    await writeFile(scene.tokenFile, 'no token');
    expect((await cli('account check')).errors).toMatch(/^KEY_REVOKED: /);
  });

  test('account logout deletes the token, says what Mailchimp keeps, and can be repeated', async () => {
    await scene.login();
    const { output } = await cli('account logout');
    expect(output).toMatch(
      /^Signed out of the account main: .*\nMailchimp keeps the connection .*\n.* account login main\n$/,
    );
    expect(await cli('account logout')).toMatchObject({
      code: 0,
      output: expect.stringContaining('is not signed in'),
    });
    await scene.login();
  });
});
