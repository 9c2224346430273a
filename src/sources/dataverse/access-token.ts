import { performance } from 'node:perf_hooks';
import { isNativeError } from 'node:util/types';
import type { ClientAuth, TokenEndpointResponse } from 'oauth4webapi';
import type { DataverseSourceConfig } from '../../config/dataverse-config';
import { ExportError } from '../../errors';
import type { SecretResolver } from '../../ports/secrets';
import { asNetworkError, unavailable } from './network-error';
import { retryAfterOf } from './retry-after';

/** For one attempt, with its reply. */
const ATTEMPT_MS = 30_000;
/** A token is not used in its last minutes: a request may be under way for two. */
const MARGIN_SECONDS = 180;
/** Where the reply does not say how long. */
const SHORTEST_SECONDS = 60;

interface Token {
  readonly text: string;
  /** Of `performance.now()`. */
  readonly usableUntil: number;
}

type Settings = Pick<DataverseSourceConfig, 'url' | 'tenantId' | 'clientId' | 'clientSecret' | 'authority'>;

/** Access tokens by client credentials. They stay in memory, and no error has one. */
export class AccessTokens {
  readonly #settings: Settings;
  readonly #secrets: SecretResolver;
  #token: Token | undefined;

  constructor(settings: Settings, secrets: SecretResolver) {
    this.#settings = settings;
    this.#secrets = secrets;
  }

  /** @throws ExportError SOURCE_UNREADABLE, SOURCE_UNAVAILABLE, SECRET_UNAVAILABLE */
  async current(stopped: AbortSignal): Promise<string> {
    if (this.#token && performance.now() < this.#token.usableUntil) return this.#token.text;
    const asked = performance.now();
    const { access_token: text, expires_in: seconds = SHORTEST_SECONDS } = await this.#ask(stopped);
    // A token that lives for less than twice the margin is used for half of its time.
    const usable = Math.max(seconds - MARGIN_SECONDS, seconds / 2);
    this.#token = { text, usableUntil: asked + usable * 1000 };
    return text;
  }

  /** The server has refused this token: the next one is a new one. */
  drop(text: string): void {
    if (this.#token?.text === text) this.#token = undefined;
  }

  async #ask(stopped: AbortSignal): Promise<TokenEndpointResponse> {
    const { url, tenantId, clientId, clientSecret, authority } = this.#settings;
    const secret = await this.#secrets.resolve(clientSecret);
    // An ES module, loaded only where there is such a source.
    const oauth = await import('oauth4webapi');
    const issuer = `${new URL(authority).origin}/${tenantId}`;
    const server = { issuer: `${issuer}/v2.0`, token_endpoint: `${issuer}/oauth2/v2.0/token` };
    const client = { client_id: clientId };
    const authentication: ClientAuth = oauth.ClientSecretPost(secret);
    const limit = AbortSignal.timeout(ATTEMPT_MS);
    let response: Response;
    try {
      response = await oauth.clientCredentialsGrantRequest(
        server,
        client,
        authentication,
        { scope: `${new URL(url).origin}/.default` },
        {
          signal: AbortSignal.any([stopped, limit]),
          // The configuration allows http for this machine only.
          [oauth.allowInsecureRequests]: new URL(authority).protocol === 'http:',
        },
      );
    } catch (error) {
      stopped.throwIfAborted();
      throw asNetworkError(error, authority);
    }
    try {
      if (!response.ok) throw await this.#refusal(response);
      return await oauth.processClientCredentialsResponse(server, client, response);
    } catch (error) {
      stopped.throwIfAborted();
      if (error instanceof ExportError) throw error;
      if (isNativeError(error) && error.name === 'OperationProcessingError') {
        throw new ExportError(
          'SOURCE_UNREADABLE',
          `${authority} answered the request for a token with something else. Check authority and tenantId of the source.`,
        );
      }
      throw asNetworkError(error, authority);
    }
  }

  async #refusal(response: Response): Promise<ExportError> {
    const { tenantId, clientId, clientSecret, authority, url } = this.#settings;
    const { status } = response;
    if (status === 429 || status >= 500) {
      await response.body?.cancel();
      return unavailable(authority, `status ${status}`, { status, ...retryAfterOf(response) });
    }
    const text = await response.text();
    const [number] = /AADSTS\d+/.exec(text) ?? [];
    const code = oauthErrorOf(text);
    const shown = [code ?? `status ${status}`, ...(number === undefined ? [] : [number])].join(', ');
    return new ExportError(
      'SOURCE_UNREADABLE',
      `Microsoft Entra refused a token for the application ${clientId} in the tenant ${tenantId} (${shown}). ${adviceFor(code, { clientSecret, url })}`,
      { details: { status, ...(number !== undefined && { reason: number }) } },
    );
  }
}

/** The code of OAuth, which is a standard. The numbers of Entra change, and are only shown. */
function oauthErrorOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' && /^\w{1,50}$/.test(error) ? error : undefined;
  } catch {
    return undefined;
  }
}

function adviceFor(
  code: string | undefined,
  { clientSecret, url }: Pick<Settings, 'clientSecret' | 'url'>,
): string {
  switch (code) {
    case 'invalid_client':
      return `The secret ${clientSecret} is wrong or has expired: make a new one in the app registration, and set its value (not its id).`;
    case 'unauthorized_client':
      return 'Check clientId, and that the application is registered in this tenant.';
    case 'invalid_resource':
    case 'invalid_scope':
      return `Check url: ${url} is no environment of this tenant.`;
    default:
      return 'Check tenantId and clientId of the source.';
  }
}
