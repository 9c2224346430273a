import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** The storage host did not hand out the file: for an expired URL, 400 or 403. */
export class NotHandedOut extends Error {
  override readonly name = 'NotHandedOut';
  readonly status: number;

  constructor(status: number) {
    super(`the storage host answered ${status}`);
    this.status = status;
  }
}

/**
 * The URL in a reply, if it is one that may be opened: encrypted (Mailchimp does not say at which host its results lie), or
 * unencrypted on the host of a Mailchimp that is itself spoken to unencrypted, which is the sandbox. Whoever sits on such a line
 * must not send the worker to any other host.
 */
export function resultsUrl(text: string, baseUrl: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  if (url?.protocol !== 'http:' || !URL.canParse(baseUrl)) return undefined;
  const base = new URL(baseUrl);
  return base.protocol === 'http:' && hostOf(base) === hostOf(url) ? url : undefined;
}

const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]']);

function hostOf({ hostname }: URL): string {
  return THIS_MACHINE.has(hostname) ? 'localhost' : hostname;
}

/**
 * Opens a signed URL. Not with Mailchimp's client: the storage host is somebody else's and must not see the key.
 * Node's own http, since `fetch` would unpack a body that says `content-encoding: gzip` and a storage host may say so.
 *
 * `idleMs` is for the time until the reply begins; reading on is the caller's to watch.
 */
export async function openUrl(url: URL, idleMs: number): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  // Said so, a storage host hands out the file as it is stored, and never an unpacked one.
  const request = send(url, { headers: { 'accept-encoding': 'gzip' }, agent: false });
  const timer = setTimeout(() => request.destroy(new Error('no reply in time')), idleMs);
  // A connection that breaks later is the response's error; this one must not be nobody's.
  request.on('error', () => {});
  request.end();
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    response.destroy();
    throw new NotHandedOut(status);
  } finally {
    clearTimeout(timer);
  }
}
