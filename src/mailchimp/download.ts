import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** The storage host refused the download: for an expired URL it answers 400 or 403. */
export class DownloadRefused extends Error {
  override readonly name = 'DownloadRefused';
  readonly status: number;

  constructor(status: number) {
    super(`the storage host answered ${status}`);
    this.status = status;
  }
}

/**
 * Parses the URL of results in a reply. Allowed are https to any host, since Mailchimp does not document the storage host, and http to the
 * host of an API that is itself reached by http, which is the sandbox. A reply over http could be forged: it must not direct the worker
 * to another host.
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
 * Opens a signed URL. Not with Mailchimp's client, because the storage host must not see the key; and with Node's http, because `fetch`
 * would unpack a body with `content-encoding: gzip`, which a storage host may set.
 *
 * @param idleMs milliseconds until the reply has to begin; the caller limits the time of reading it
 * @param signal ends the download, also while it is read
 * @throws DownloadRefused for any status but 200; an error of the connection
 */
export async function openUrl(url: URL, idleMs: number, signal?: AbortSignal): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  // Asks for the file as it is stored: a host could unpack it otherwise.
  const headers = { 'accept-encoding': 'gzip' };
  const request = send(url, { headers, agent: false, ...(signal && { signal }) });
  const timer = setTimeout(() => request.destroy(new Error('no reply in time')), idleMs);
  // An error after the response has begun is reported by the response; without a handler here it would be uncaught.
  request.on('error', () => {});
  request.end();
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    response.destroy();
    throw new DownloadRefused(status);
  } finally {
    clearTimeout(timer);
  }
}
