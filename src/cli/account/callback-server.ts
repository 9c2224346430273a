import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import {
  ANOTHER_SIGN_IN,
  NOT_SIGNED_IN,
  NOTHING_HERE,
  PAGE_HEADERS,
  pageHtml,
  SIGNED_IN,
  type CallbackPage,
} from './callback-page';
import { signInFailed } from './sign-in-failed';

export interface CallbackOptions {
  readonly account: string;
  readonly redirectUri: string;
  /** Whether a reply belongs to this sign-in. Others get a page that says so, and the server waits on. */
  readonly isMine: (reply: URLSearchParams) => boolean;
  /** A reply of another sign-in came. */
  readonly onOther: () => void;
}

/** Waits on this machine for the browser, which Mailchimp sends back. */
export interface CallbackServer {
  /** The first reply that belongs to this sign-in. Its page waits for `close`. */
  readonly reply: Promise<URLSearchParams>;
  /** Answers the waiting page, and closes. */
  readonly close: (isSignedIn: boolean) => Promise<void>;
}

/** @throws ExportError SIGN_IN_FAILED where it cannot listen */
export async function startCallbackServer(options: CallbackOptions): Promise<CallbackServer> {
  const { account, redirectUri } = options;
  const { port, host, pathname } = new URL(redirectUri);
  const replies = new EventEmitter();
  const reply = once(replies, 'reply').then(([first]) => first as URLSearchParams);
  let waiting: ServerResponse | undefined;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/';
    const url = URL.canParse(path, redirectUri) ? new URL(path, redirectUri) : undefined;
    // A page of another site that resolves its name to this machine has that name here.
    if (request.method !== 'GET' || request.headers.host !== host || url?.pathname !== pathname)
      return show(response, NOTHING_HERE);
    if (waiting || !options.isMine(url.searchParams)) {
      show(response, ANOTHER_SIGN_IN);
      return waiting ? undefined : options.onOther();
    }
    waiting = response;
    replies.emit('reply', url.searchParams);
  }

  const server = createServer(answer);
  // On this address only: other machines never see a code.
  server.listen(Number(port), '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const why = code === 'EADDRINUSE' ? 'another program uses it' : code;
    throw signInFailed(
      account,
      'port',
      `the port ${port} of this machine, on which Mailchimp's reply is expected, cannot be used (${why}). End that program, or set ` +
        `accounts.${account}.oauth.redirectPort to a free port, and the redirect URI of the registered app to the same.`,
    );
  }
  return {
    reply,
    close: async (isSignedIn) => {
      if (waiting) {
        show(waiting, isSignedIn ? SIGNED_IN : NOT_SIGNED_IN);
        // The browser may be gone.
        await finished(waiting).catch(() => {});
      }
      server.close();
      server.closeAllConnections();
    },
  };
}

function show(response: ServerResponse, page: CallbackPage): void {
  response.writeHead(page.status, PAGE_HEADERS).end(pageHtml(page));
}
