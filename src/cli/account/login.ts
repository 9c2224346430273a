import type { Config } from '../../config/config';
import { redirectUriOf } from '../../config/oauth-config';
import { resolveSecret } from '../../config/secrets';
import { requirePrivateFolder, saveToken, tokenPath } from '../../config/token-file';
import { ExportError } from '../../errors';
import type { AccountInfo } from '../../ports/mailchimp';
import { lazy } from '../lazy';
import { startCallbackServer } from './callback-server';
import { openSignIn, type RegisteredApp, type SignIn } from './mailchimp-oauth';
import { signInFailed } from './sign-in-failed';

const WAIT_MS = 5 * 60_000;

export interface LoginRequest {
  /** Its name in the configuration. */
  readonly account: string;
  readonly config: Pick<Config, 'accounts'>;
  /** Where relative paths of files start. */
  readonly baseFolder: string;
  /** Shows lines to the user: the link, and what happens. */
  readonly say: (text: string) => void;
  /** Opens the link in a browser. @returns whether there is one; otherwise the user is asked to open the link */
  readonly open: (link: string) => boolean;
  /** Asks for the address that the browser shows in the end, for a browser on another machine. Without it, this machine listens. */
  readonly paste?: ((question: string) => Promise<string>) | undefined;
  /** Ends the waiting with its reason. Nothing is written after that. */
  readonly signal?: AbortSignal | undefined;
  /** How long the user may take, in milliseconds. @default 5 minutes */
  readonly waitMs?: number;
}

export interface SignedIn {
  readonly account: string;
  /** In Mailchimp. */
  readonly login: AccountInfo;
  /** The file with the token. */
  readonly path: string;
}

/**
 * Signs in with Mailchimp by the app of the customer's, and writes the token to the file of `oauth.token`. The token is used once before
 * it replaces another one, so a sign-in that fails leaves the earlier one as it was; it can be repeated at any time.
 *
 * @throws ExportError SIGN_IN_FAILED, with the reason in its details; CONFIG_INVALID, SECRET_UNAVAILABLE or ACCOUNT_NOT_FOUND before
 * the user is asked; ROLE_TOO_LOW for a user who may not write contacts
 */
export async function login(request: LoginRequest): Promise<SignedIn> {
  const { account, config, baseFolder, signal } = request;
  const app = await registeredApp(request);
  const path = tokenPath(app.oauth.token, baseFolder);
  await requirePrivateFolder(path);
  const signIn = await openSignIn(app);

  const finish = async (reply: URLSearchParams): Promise<SignedIn> => {
    const token = await signIn.token(reply);
    const { ownerOfToken, requireWritingRole } = lazy.accounts();
    const owner = await ownerOfToken(config, { name: account, token });
    requireWritingRole(account, owner.role);
    signal?.throwIfAborted();
    await saveToken(path, token);
    return { account, login: owner, path };
  };

  return request.paste
    ? finish(await pastedReply(request, signIn, request.paste))
    : finishInBrowser(request, { app, signIn, finish });
}

/** @throws ExportError ACCOUNT_NOT_FOUND, CONFIG_INVALID, SECRET_UNAVAILABLE */
async function registeredApp({ account, config, baseFolder }: LoginRequest): Promise<RegisteredApp> {
  const { oauth } = lazy.accounts().accountOf(config, account);
  if (!oauth) {
    throw new ExportError(
      'CONFIG_INVALID',
      `The account ${account} uses an API key. To sign in in its place, set accounts.${account}.oauth, with token, clientId and clientSecret, and remove apiKey.`,
    );
  }
  const { clientId, clientSecret } = oauth;
  if (clientId === undefined || clientSecret === undefined) {
    throw new ExportError(
      'CONFIG_INVALID',
      `To sign in to the account ${account}, accounts.${account}.oauth needs clientId and clientSecret, of an app that you register in ` +
        `Mailchimp > Account & billing > Extras > Registered apps, with the redirect URI ${redirectUriOf(oauth)}.`,
    );
  }
  return { account, clientId, clientSecret: await resolveSecret(clientSecret, baseFolder), oauth };
}

interface Flow {
  readonly app: RegisteredApp;
  readonly signIn: SignIn;
  readonly finish: (reply: URLSearchParams) => Promise<SignedIn>;
}

async function finishInBrowser(request: LoginRequest, { app, signIn, finish }: Flow): Promise<SignedIn> {
  const { account, say, open, signal, waitMs = WAIT_MS } = request;
  const server = await startCallbackServer({
    account,
    redirectUri: redirectUriOf(app.oauth),
    isMine: signIn.isMine,
    onOther: () => say('A reply of another sign-in came, and was refused. Still waiting for the link above.'),
  });
  let isSignedIn = false;
  try {
    say(`Sign in with Mailchimp, and allow the app:\n\n  ${signIn.link}\n`);
    say(
      open(signIn.link)
        ? 'The browser opens the link. Ctrl-C ends the waiting.'
        : 'Open the link in a browser on this machine. With a browser on another one, use --paste. Ctrl-C ends the waiting.',
    );
    const signedIn = await finish(await withinTime(server.reply, { account, signal, waitMs }));
    isSignedIn = true;
    return signedIn;
  } finally {
    await server.close(isSignedIn);
  }
}

interface Limits {
  readonly account: string;
  readonly signal: AbortSignal | undefined;
  readonly waitMs: number;
}

async function withinTime<Result>(
  work: Promise<Result>,
  { account, signal, waitMs }: Limits,
): Promise<Result> {
  const limit = AbortSignal.timeout(waitMs);
  const ended = AbortSignal.any([limit, ...(signal ? [signal] : [])]);
  const aborted = new Promise<never>((_resolve, reject) => {
    const refuse = () =>
      reject(
        limit.aborted
          ? signInFailed(
              account,
              'timeout',
              'the time was over before Mailchimp sent the browser back. Sign in once more.',
            )
          : (ended.reason as Error),
      );
    if (ended.aborted) refuse();
    else ended.addEventListener('abort', refuse, { once: true });
  });
  return Promise.race([work, aborted]);
}

async function pastedReply(
  { account, say }: LoginRequest,
  { link }: SignIn,
  paste: NonNullable<LoginRequest['paste']>,
): Promise<URLSearchParams> {
  say(`Open this link in a browser on any machine, and allow the app:\n\n  ${link}\n`);
  say('The browser then fails to open a page of 127.0.0.1. Copy the address of that page.');
  const address = (await paste('Address: ')).trim();
  if (URL.canParse(address)) return new URL(address).searchParams;
  throw signInFailed(account, 'reply', 'that is no address. Copy it whole, from http:// to the end.');
}
