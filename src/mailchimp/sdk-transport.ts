import type { Agent, IncomingMessage } from 'node:http';
import { unzip } from 'node:zlib';
import ApiClient from '@mailchimp/mailchimp_marketing/src/ApiClient';
import type { HttpReply, HttpRequest, MailchimpTransport, TransportTarget } from '../ports/transport';

export interface SdkTransportOptions extends TransportTarget {
  /** Keeps connections open between requests. @default a connection for each request */
  readonly agent?: Agent;
}

/** Exchanges by Mailchimp's own client. */
export function openSdkTransport({ agent, ...target }: SdkTransportOptions): MailchimpTransport {
  const kept = openSdk(target, agent);
  const fresh = openSdk(target, undefined);
  return { exchange: (request) => exchange(request.isFresh ? fresh : kept, request) };
}

async function exchange(sdk: ApiClient, request: HttpRequest): Promise<HttpReply> {
  const { route, method, params, query, body } = request;
  const json = ['application/json'];
  try {
    const { response } = await sdk.callApi(
      route,
      method,
      params,
      { ...query },
      {},
      {},
      body,
      ['basicAuth'],
      json,
      [...json, 'application/problem+json'],
      Object,
    );
    return toReply(response);
  } catch (error) {
    const { response, code } = error as { readonly response?: SdkResponse; readonly code?: unknown };
    if (response) return toReply(response);
    // A new error: the client's own carries the request with its key.
    const known = typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : 'UNKNOWN';
    throw Object.assign(new Error(known), { code: known });
  }
}

type SdkResponse = Awaited<ReturnType<ApiClient['callApi']>>['response'];

function toReply({ status, body }: SdkResponse): HttpReply {
  return { status, body: Buffer.isBuffer(body) ? body : new Uint8Array() };
}

function openSdk(
  { apiKey, scheme = 'basic', baseUrl, timeoutMs }: TransportTarget,
  agent: Agent | undefined,
): ApiClient {
  // An instance of our own: the package's singleton would share one key among all accounts of the process.
  const sdk = new ApiClient();
  // Without `server`, and with the data centre in basePath: the client replaces the word "server" wherever the URL has it first.
  sdk.setConfig(scheme === 'bearer' ? { accessToken: apiKey } : { apiKey });
  sdk.basePath = baseUrl.replace(/\/+$/, '');
  sdk.timeout = timeoutMs;
  // The one hook to the request itself. Left to itself the client opens a connection for each request: three round trips in which a
  // slot does nothing.
  sdk.enableCookies = true;
  sdk.agent = {
    attachCookies: (request) => {
      request.redirects(0);
      // Whatever its type: the client drops the body of some, and a broken one then ends the process.
      request.buffer(true);
      if (agent) request.agent(agent);
      readWhole(request);
    },
    saveCookies: () => {},
  };
  return sdk;
}

/** The client's own limit, which counts packed bytes. */
const MAX_REPLY_BYTES = 200_000_000;
/** Larger than most replies: unpacked in pieces of 16 KB, zlib's default, a reply costs several times as much. */
const UNPACK_BYTES = 2 ** 21;

/**
 * Reads the body as bytes, in place of the client's parsers, which take a page of something in front of the API for a reply. Unpacks it in
 * one piece, in place of the client's stream.
 */
function readWhole(request: ApiClient.Request): void {
  let isPacked = false;
  request.on('request', ({ req }) => {
    req.prependOnceListener('response', ({ headers }: IncomingMessage) => {
      isPacked = /^(gzip|deflate)$/.test(headers['content-encoding'] ?? '');
      // Or the client would unpack it too.
      if (isPacked) delete headers['content-encoding'];
    });
  });
  request.parse((reply, done) => {
    const pieces: Buffer[] = [];
    reply.on('data', (piece: Buffer) => pieces.push(piece));
    reply.on('end', () => {
      const body = Buffer.concat(pieces);
      if (!isPacked || body.length === 0) done(null, body);
      else
        unzip(body, { chunkSize: UNPACK_BYTES, maxOutputLength: MAX_REPLY_BYTES }, (error, unpacked) => {
          // The status of a refusal counts, whatever becomes of its text.
          if (error && reply.statusCode !== undefined && reply.statusCode >= 300) done(null, Buffer.alloc(0));
          else done(error, unpacked);
        });
    });
  });
}
