import { isNativeError } from 'node:util/types';
import type * as Oauth from 'oauth4webapi';
import { z } from 'zod';
import { redirectUriOf, type OauthConfig } from '../../config/oauth-config';
import type { ExportError } from '../../errors';
import { signInFailed } from './sign-in-failed';

/** Milliseconds for one request to Mailchimp's login server. */
const REQUEST_MS = 30_000;

const APP_OF_MAILCHIMP = 'Mailchimp > Account & billing > Extras > Registered apps';

/** The app of the customer's, with what identifies it. */
export interface RegisteredApp {
  readonly account: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly oauth: OauthConfig;
}

/** One sign-in with Mailchimp: OAuth 2 with a code, as Mailchimp does it, without PKCE, scopes or a token that expires. */
export interface SignIn {
  /** Where the user agrees. */
  readonly link: string;
  /** Whether a reply belongs to this sign-in: it has the random state of the link. */
  readonly isMine: (reply: URLSearchParams) => boolean;
  /**
   * The token that the code of a reply buys, with the data centre of its account: `TOKEN-us21`.
   * @throws ExportError SIGN_IN_FAILED
   */
  readonly token: (reply: URLSearchParams) => Promise<string>;
}

export async function openSignIn(app: RegisteredApp): Promise<SignIn> {
  // An ES module, which `require` cannot load in all supported versions of Node.
  const library = await import('oauth4webapi');
  const { clientId, oauth } = app;
  const server: Oauth.AuthorizationServer = {
    issuer: oauth.loginUrl,
    authorization_endpoint: endpoint(oauth, 'authorize'),
    token_endpoint: endpoint(oauth, 'token'),
  };
  const client: Oauth.Client = { client_id: clientId };
  const state = library.generateRandomState();
  const isMine = (reply: URLSearchParams) => {
    try {
      library.validateAuthResponse(server, client, reply, state);
      return true;
    } catch (error) {
      // The library compares the state first: a refusal of Mailchimp's comes with that of the link.
      return error instanceof library.AuthorizationResponseError;
    }
  };
  return {
    link: linkOf(server, { clientId, state, redirectUri: redirectUriOf(oauth) }),
    isMine,
    token: async (reply) => {
      if (!isMine(reply)) {
        const why =
          'the reply has another state than the link, so it belongs to another sign-in. Use the newest link.';
        throw signInFailed(app.account, 'state', why);
      }
      const params = approved(library, { server, client, reply, state }, app);
      const token = await exchange(library, { server, client, params }, app);
      return `${token}-${await dataCentreOf(token, app)}`;
    },
  };
}

function endpoint({ loginUrl }: OauthConfig, name: 'authorize' | 'token' | 'metadata'): string {
  return new URL(`/oauth2/${name}`, loginUrl).href;
}

function linkOf(
  { authorization_endpoint: at = '' }: Oauth.AuthorizationServer,
  asked: { readonly clientId: string; readonly state: string; readonly redirectUri: string },
): string {
  const link = new URL(at);
  const { clientId, state, redirectUri } = asked;
  const query = { response_type: 'code', client_id: clientId, redirect_uri: redirectUri, state };
  for (const [name, value] of Object.entries(query)) link.searchParams.set(name, value);
  return link.href;
}

type Library = typeof Oauth;

interface Reply {
  readonly server: Oauth.AuthorizationServer;
  readonly client: Oauth.Client;
  readonly reply: URLSearchParams;
  readonly state: string;
}

/** @throws ExportError SIGN_IN_FAILED where the user did not agree */
function approved(library: Library, { server, client, reply, state }: Reply, app: RegisteredApp) {
  try {
    const params = library.validateAuthResponse(server, client, reply, state);
    if (params.has('code')) return params;
  } catch (error) {
    if (error instanceof library.AuthorizationResponseError) {
      const why =
        error.error === 'access_denied'
          ? 'it was denied in Mailchimp. To agree, sign in once more and choose Allow.'
          : `Mailchimp answered "${shortened(error.error)}". Check the app: ${APP_OF_MAILCHIMP}.`;
      throw signInFailed(app.account, 'denied', why);
    }
    throw error;
  }
  throw signInFailed(app.account, 'reply', 'the reply of Mailchimp has no code. Sign in once more.');
}

/** @throws ExportError SIGN_IN_FAILED */
async function exchange(
  library: Library,
  asked: Omit<Reply, 'reply' | 'state'> & { readonly params: URLSearchParams },
  app: RegisteredApp,
): Promise<string> {
  const { server, client, params } = asked;
  const { oauth, clientSecret, account } = app;
  try {
    const response = await library.authorizationCodeGrantRequest(
      server,
      client,
      library.ClientSecretPost(clientSecret),
      params,
      redirectUriOf(oauth),
      library.nopkce,
      {
        [library.customFetch]: fetchAsStandard,
        // The schema lets only an address of this machine be without TLS.
        [library.allowInsecureRequests]: oauth.loginUrl.startsWith('http:'),
        signal: () => AbortSignal.timeout(REQUEST_MS),
      },
    );
    const { access_token: token } = await library.processAuthorizationCodeResponse(server, client, response);
    return token;
  } catch (error) {
    throw toRefusal(library, error, { account, oauth });
  }
}

/**
 * Mailchimp's reply has no `token_type`, a null `scope`, and `expires_in: 0` for a token that does not expire. The standard has
 * none of these, so the library would refuse it.
 */
async function fetchAsStandard(url: string, options: object): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: 'error' });
  if (!response.ok) return response;
  const body: unknown = await response.json().catch(() => ({}));
  const { scope, expires_in: expires, ...rest } = TokenReplySchema.catch({}).parse(body);
  return Response.json({
    token_type: 'bearer',
    ...rest,
    ...(typeof scope === 'string' && { scope }),
    ...(typeof expires === 'number' && expires > 0 && { expires_in: expires }),
  });
}

const TokenReplySchema = z.looseObject({ scope: z.unknown().optional(), expires_in: z.unknown().optional() });

function toRefusal(
  library: Library,
  error: unknown,
  { account, oauth }: Pick<RegisteredApp, 'account' | 'oauth'>,
): ExportError {
  const failed = (...[reason, message]: [Parameters<typeof signInFailed>[1], string]) =>
    signInFailed(account, reason, message);
  if (error instanceof library.ResponseBodyError) {
    const { error: code } = error;
    if (code === 'invalid_client')
      return failed(
        'client',
        `Mailchimp refuses the client id or the client secret. Compare them with the app: ${APP_OF_MAILCHIMP}.`,
      );
    if (code === 'invalid_grant')
      return failed(
        'code',
        'Mailchimp refuses the code: it is too old, or was used before. Sign in once more.',
      );
    return failed('code', `Mailchimp answered "${shortened(code)}". Sign in once more.`);
  }
  // `fetch` rejects with these two where there is no reply.
  const isUnreachable = isNativeError(error) && ['TypeError', 'TimeoutError'].includes(error.name);
  return isUnreachable
    ? failed('unreachable', `${new URL(oauth.loginUrl).host} gave no reply. Check the network connection.`)
    : failed('reply', `${new URL(oauth.loginUrl).host} gave a reply without a token. Sign in once more.`);
}

const MetadataSchema = z.object({ dc: z.string().regex(/^[a-z]+[0-9]+$/) });

/** The data centre, which is part of the address of the account's API. @throws ExportError SIGN_IN_FAILED */
async function dataCentreOf(token: string, { account, oauth }: RegisteredApp): Promise<string> {
  const host = new URL(oauth.loginUrl).host;
  const response = await fetch(endpoint(oauth, 'metadata'), {
    headers: { authorization: `OAuth ${token}` },
    redirect: 'error',
    signal: AbortSignal.timeout(REQUEST_MS),
  }).catch(() => undefined);
  if (!response) {
    throw signInFailed(account, 'unreachable', `${host} gave no reply. Check the network connection.`);
  }
  const found = MetadataSchema.safeParse(await response.json().catch(() => undefined));
  if (found.success) return found.data.dc;
  throw signInFailed(
    account,
    'reply',
    `Mailchimp gave a token, and answered ${response.status} without a data centre when asked for its account. Sign in once more.`,
  );
}

/** What a server says is shown, but not much of it. */
function shortened(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 100);
}
