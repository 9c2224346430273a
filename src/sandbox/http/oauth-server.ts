import type { Account } from '../model/account';
import type { World } from '../world';
import type { App } from './app';
import type { HttpReply, HttpRequest } from './exchange';
import { randomBytes } from 'node:crypto';

interface Grant {
  readonly account: Account;
  readonly clientId: string;
  readonly redirectUri: string;
}

/**
 * `/oauth2/authorize|token|metadata` for the first account; the user agrees immediately. Accepts any client id and secret.
 * A code is valid once; a token does not expire and has no refresh token.
 */
export function serveOauth(app: App, world: World, origin: () => string): void {
  const grants = new Map<string, Grant>();
  app.on('GET', '/oauth2/authorize', (request, reply) => authorize(request, reply, { world, grants }));
  app.on('POST', '/oauth2/token', (request, reply) => exchange(request, reply, grants));
  app.on('GET', '/oauth2/metadata', (request, reply) => metadata(request, reply, { world, origin }));
}

function authorize(
  request: HttpRequest,
  reply: HttpReply,
  { world, grants }: { readonly world: World; readonly grants: Map<string, Grant> },
): void {
  const { response_type: type, client_id: clientId, redirect_uri: redirectUri, state } = request.query;
  if (type !== 'code' || !clientId || !redirectUri || !URL.canParse(redirectUri))
    return reply.code(400).json({ error: 'invalid_request' });
  const target = new URL(redirectUri);
  // The real service accepts 127.0.0.1 and refuses localhost.
  if (target.hostname === 'localhost') return reply.code(400).json({ error: 'redirect_uri_mismatch' });
  const code = randomBytes(16).toString('hex');
  grants.set(code, { account: world.accounts[0]!, clientId, redirectUri });
  target.searchParams.set('code', code);
  if (state !== undefined) target.searchParams.set('state', state);
  return reply.redirect(target.href);
}

function exchange(request: HttpRequest, reply: HttpReply, grants: Map<string, Grant>): void {
  const form = new URLSearchParams(request.body);
  const code = form.get('code') ?? '';
  const grant = grants.get(code);
  grants.delete(code);
  const good =
    grant !== undefined &&
    form.get('grant_type') === 'authorization_code' &&
    form.get('client_id') === grant.clientId &&
    form.get('redirect_uri') === grant.redirectUri &&
    (form.get('client_secret') ?? '') !== '';
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
  const token = /^OAuth (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const account = world.accounts.find((one) => one.tokens.has(token));
  if (!account || world.settings.switches.keysRevoked)
    return reply
      .code(401)
      .json({ error: 'invalid_token', error_description: 'The access token is not good.' });
  return reply.json({
    dc: account.dc,
    role: world.settings.switches.role,
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
