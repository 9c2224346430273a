import type { Account } from '../model/account';
import type { World } from '../world';
import type { App } from './app';
import type { HttpReply, HttpRequest } from './exchange';
import { randomBytes } from 'node:crypto';

interface Grant {
  readonly account: Account;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Unix milliseconds. */
  readonly madeAt: number;
}

/**
 * `/oauth2/authorize|token|metadata` for the first account. Accepts any client id. A code is valid once, and for a short time; a token
 * does not expire and has no refresh token. What the user and the registered app do are switches.
 */
export function serveOauth(app: App, world: World, origin: () => string): void {
  const grants = new Map<string, Grant>();
  app.on('GET', '/oauth2/authorize', (request, reply) => authorize(request, reply, { world, grants }));
  app.on('POST', '/oauth2/token', (request, reply) => exchange(request, reply, { world, grants }));
  app.on('GET', '/oauth2/metadata', (request, reply) => metadata(request, reply, { world, origin }));
}

interface Grants {
  readonly world: World;
  readonly grants: Map<string, Grant>;
}

/** The query of a choice on the page. */
const CHOICE = 'sandbox_choice';

function authorize(request: HttpRequest, reply: HttpReply, { world, grants }: Grants): void {
  const { response_type: type, client_id: clientId, redirect_uri: redirectUri, state } = request.query;
  const { signInAnswer, appRedirectUri } = world.settings.switches;
  if (type !== 'code' || !clientId || !redirectUri || !URL.canParse(redirectUri))
    return reply.code(400).json({ error: 'invalid_request' });
  const target = new URL(redirectUri);
  // The real service accepts 127.0.0.1 and refuses localhost.
  if (target.hostname === 'localhost' || (appRedirectUri !== '' && redirectUri !== appRedirectUri))
    return reply.code(400).json({ error: 'redirect_uri_mismatch' });
  const answer = signInAnswer === 'page' ? request.query[CHOICE] : signInAnswer;
  if (answer === undefined) return reply.type('text/html; charset=utf-8').send(choicePage(request));
  if (state !== undefined) target.searchParams.set('state', state);
  if (answer !== 'approve') {
    target.searchParams.set('error', 'access_denied');
    return reply.redirect(target.href);
  }
  const code = randomBytes(16).toString('hex');
  grants.set(code, { account: world.accounts[0]!, clientId, redirectUri, madeAt: world.now() });
  target.searchParams.set('code', code);
  return reply.redirect(target.href);
}

/** Where the real service asks for user and password, and whether the app may have access. */
function choicePage({ query }: HttpRequest): string {
  const link = (choice: string) =>
    `?${new URLSearchParams({ ...query, [CHOICE]: choice }).toString().replaceAll('&', '&amp;')}`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sandbox: sign in</title></head>
<body><h1>The Mailchimp sandbox</h1>
<p>An app asks for access to the account of this sandbox.</p>
<p><a href="${link('approve')}">Allow</a> · <a href="${link('deny')}">Deny</a></p></body>
</html>
`;
}

function exchange(request: HttpRequest, reply: HttpReply, { world, grants }: Grants): void {
  const { appSecret, signInCodeSeconds } = world.settings.switches;
  const form = new URLSearchParams(request.body);
  const secret = form.get('client_secret') ?? '';
  // As after the secret was replaced. The code is not used up.
  if (secret === '' || (appSecret !== '' && secret !== appSecret))
    return reply
      .code(401)
      .json({ error: 'invalid_client', error_description: 'The client secret is not good.' });
  const code = form.get('code') ?? '';
  const grant = grants.get(code);
  grants.delete(code);
  const good =
    grant !== undefined &&
    grant.madeAt + signInCodeSeconds * 1000 >= world.now() &&
    form.get('grant_type') === 'authorization_code' &&
    form.get('client_id') === grant.clientId &&
    form.get('redirect_uri') === grant.redirectUri;
  if (!good)
    return reply.code(400).json({ error: 'invalid_grant', error_description: 'The code is not good.' });
  const token = randomBytes(16).toString('hex');
  grant.account.tokens.add(token);
  return reply.json({ access_token: token, expires_in: 0, scope: null });
}

function metadata(
  request: HttpRequest,
  reply: HttpReply,
  { world, origin }: { readonly world: World; readonly origin: () => string },
): void {
  const { keysRevoked, tokensRevoked, role } = world.settings.switches;
  const token = /^OAuth (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const account = world.accounts.find((one) => one.tokens.has(token));
  if (!account || keysRevoked || tokensRevoked)
    return reply
      .code(401)
      .json({ error: 'invalid_token', error_description: 'The access token is not good.' });
  return reply.json({
    dc: account.dc,
    role,
    accountname: account.name,
    user_id: 1,
    login: {
      email: 'sandbox@sandbox.invalid',
      avatar: null,
      login_id: 1,
      login_name: 'sandbox',
      login_email: 'sandbox@sandbox.invalid',
    },
    login_url: origin(),
    api_endpoint: origin(),
  });
}
