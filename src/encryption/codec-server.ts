import { timingSafeEqual, createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { ExportError } from '../errors';
import { fromJson, toJson } from './payload-json';

export interface CodecServerOptions {
  readonly codec: PayloadCodec;
  /**
   * Requests carry it: `Authorization: Bearer <token>`, or as the first part of the path, `/<token>/decode`. The Web UI sends no header of
   * its own: it knows the token of its signed-in user only.
   */
  readonly token: string;
  /** Origins of the Web UI that may ask, e.g. `http://127.0.0.1:8233`. */
  readonly origins: readonly string[];
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

export interface CodecServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** A shorter token can be guessed: the server answers thousands of requests a second. */
const SHORTEST_TOKEN = 16;

/**
 * Decodes payloads for Temporal's Web UI and CLI, as their protocol of remote codecs has it: `POST /decode` and `/encode`.
 * @throws ExportError CONFIG_INVALID where it cannot listen, and for a token of less than 16 characters
 */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  if (options.token.length < SHORTEST_TOKEN)
    throw new ExportError(
      'CONFIG_INVALID',
      `The token of the codec server has less than ${SHORTEST_TOKEN} characters, so it could be guessed. Make one, e.g. with: openssl rand -hex 32`,
    );
  const server = createServer((request, response) => {
    void answer(options, request, response).catch(() => response.destroy());
  });
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ExportError(
      'CONFIG_INVALID',
      `The codec server cannot listen on ${options.host}:${options.port} (${code}). Choose another port with --port.`,
    );
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  { codec, token, origins }: CodecServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { origin, authorization } = request.headers;
  if (origin !== undefined && origins.includes(origin)) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('vary', 'origin');
  }
  if (request.method === 'OPTIONS') {
    response.setHeader('access-control-allow-methods', 'POST');
    response.setHeader('access-control-allow-headers', 'authorization, content-type, x-namespace');
    return end(response, 204);
  }
  const { operation, tokenInPath } = pathOf(request.url);
  const work = request.method === 'POST' ? workOf(codec, operation) : undefined;
  if (!work) return end(response, 404);
  if (!isSame(authorization ?? '', `Bearer ${token}`) && !isSame(tokenInPath, token))
    return end(response, 401);
  let payloads: Payload[];
  try {
    payloads = parse(await bodyOf(request));
  } catch {
    return end(response, 400, { message: 'The body is not {"payloads": […]} of at most 10 MB.' });
  }
  try {
    const done = await work(payloads);
    return end(response, 200, { payloads: done.map(toJson) });
  } catch (error) {
    return end(response, 400, {
      message:
        error instanceof ExportError
          ? error.message
          : 'The codec failed with an unexpected error. This is a bug.',
    });
  }
}

/** Of `/decode`, or `/<token>/decode`. */
function pathOf(url = ''): { readonly operation: string; readonly tokenInPath: string } {
  const [, tokenInPath = '', operation = ''] = /^(?:\/([^/]+))?\/(\w+)$/.exec(url) ?? [];
  return { operation, tokenInPath: decoded(tokenInPath) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function workOf(codec: PayloadCodec, operation: string) {
  if (operation === 'decode') return (payloads: Payload[]) => codec.decode(payloads);
  return operation === 'encode' ? (payloads: Payload[]) => codec.encode(payloads) : undefined;
}

/** By digests: the time that it takes says nothing about the token. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The Temporal CLI sends no list for a query without an argument. */
const PayloadsSchema = z.object({ payloads: z.array(z.unknown()).default([]) });

function parse(body: string): Payload[] {
  return PayloadsSchema.parse(JSON.parse(body)).payloads.map(fromJson);
}

/** A payload has at most 2 MB, a page of a history more. */
const MAX_BYTES = 10_000_000;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).length;
    if (bytes > MAX_BYTES) throw new RangeError('The body is too long.');
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}

function end(response: ServerResponse, status: number, document?: object): void {
  response.statusCode = status;
  if (!document) return void response.end();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(document));
}
