import type { ApiCall, Query, Reply } from '../api/call';
import type { Router } from '../api/router';
import type { Account } from '../model/account';
import type { Recorder } from '../record';
import type { World } from '../world';
import type { Refusal } from '../problem';
import type { App } from './app';
import type { Ending } from './apply-fault';
import type { HttpReply, HttpRequest } from './exchange';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { problemReply } from '../api/router';
import { internalError, nestedTooDeep, tooManyConnections } from '../problem';
import { authenticate } from './authenticate';
import { applyFault } from './apply-fault';
import { triggeredError } from './trigger-error';

const compress = promisify(gzip);
const DESCRIBED_BY =
  '<https://us1.api.mailchimp.com/schema/3.0/Definitions/ProblemDetailDocument.json>; rel="describedBy"';
const WORTH_COMPRESSING = 1024;
/** Of a reply that trickles. */
const PIECES = 20;
export const BASE = '/3.0';

export interface ApiServer {
  readonly world: World;
  readonly router: Router;
  readonly recorder: Recorder;
}

/** Serves everything below `/3.0`. */
export function serveApi(app: App, server: ApiServer): void {
  const handle = async (request: HttpRequest, reply: HttpReply): Promise<void> => {
    const { ending, body, instance } = await answer(server, request);
    switch (ending.type) {
      case 'cut':
        return cut(reply, ending.reply);
      case 'refuse':
        return app.refuse(ending.ms);
      case 'page':
        return reply.code(ending.status).type('text/html').send(ending.html);
      default:
        return send(reply, ending, { body, instance, pause: (ms) => server.world.pause(ms) });
    }
  };
  app.on(undefined, BASE, handle);
  app.on(undefined, `${BASE}/*`, handle);
}

interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  readonly body: string | undefined;
  readonly instance: string;
  /** When its headers had arrived, since Mailchimp also counts the time in which a client sends the body. */
  readonly arrived: number;
}

function incoming(request: HttpRequest): Incoming {
  const url = request.url;
  const mark = url.indexOf('?');
  const path = (mark < 0 ? url : url.slice(0, mark)).slice(BASE.length);
  const override = request.headers['x-http-method-override'];
  return {
    method:
      request.method === 'POST' && typeof override === 'string' ? override.toUpperCase() : request.method,
    path: path === '' ? '/' : path,
    query: request.query,
    body: request.body,
    instance: randomUUID(),
    arrived: request.arrived,
  };
}

async function answer(
  server: ApiServer,
  request: HttpRequest,
): Promise<Answer & { readonly instance: string }> {
  const call = incoming(request);
  const { ending, body } = await end(server, request, call);
  const { world, recorder } = server;
  const status = statusOf(ending);
  const route = server.router.route(call.path) ?? '(no route)';
  world.counters.add({ method: call.method, route, via: 'http', status });
  world.counters.carried(Number(request.headers['content-length'] ?? 0), body.bytes.length);
  const { method, path, query } = call;
  const at = new Date(world.now()).toISOString();
  recorder.add({ at, method, path, query, body: call.body, status, via: 'http' });
  return { ending, body, instance: call.instance };
}

const statusOf = (ending: Ending): number => {
  if (ending.type === 'cut' || ending.type === 'refuse') return 0;
  return ending.type === 'page' ? ending.status : ending.reply.status;
};

/** The bytes of the reply, created before the write is delayed, so that the reply leaves on time. */
interface Body {
  readonly bytes: Buffer;
  readonly isZipped: boolean;
}

interface Answer {
  readonly ending: Ending;
  readonly body: Body;
}

const NOTHING: Body = { bytes: Buffer.alloc(0), isZipped: false };

async function end(server: ApiServer, request: HttpRequest, call: Incoming): Promise<Answer> {
  const { world } = server;
  const refuse = (refusal: Refusal): Answer => {
    const reply = problemReply(refusal, call.instance, undefined);
    return { ending: { type: 'reply', reply }, body: { bytes: Buffer.from(reply.text), isZipped: false } };
  };
  const refusal = earlyRefusal(request);
  if (refusal) return refuse(refusal);
  const account = authenticate(world, request.headers.authorization);
  if (!('id' in account)) return refuse(account);
  if (account.inFlight >= world.settings.connectionLimit)
    return refuse(tooManyConnections(world.settings.connectionLimit));
  account.inFlight++;
  account.maxConcurrent = Math.max(account.maxConcurrent, account.inFlight);
  world.counters.concurrent(account.inFlight);
  try {
    return await work(server, account, { call, acceptsGzip: acceptsGzip(request) });
  } catch (error) {
    if (world.closing.aborted) return { ending: { type: 'cut' }, body: NOTHING };
    throw error;
  } finally {
    // Not when the client disconnects: the real service counts the connection until the work is done.
    account.inFlight--;
  }
}

function earlyRefusal(request: HttpRequest): Refusal | undefined {
  if (request.url.length > 8000) return nestedTooDeep;
  const { 'x-trigger-error': trigger, 'x-http-method-override': override } = request.headers;
  if (typeof trigger === 'string') return triggeredError(trigger);
  if (override === undefined || request.method === 'POST') return undefined;
  return {
    status: 422,
    title: 'InvalidMethodOverride',
    detail: 'You can only use the X-HTTP-Method-Override header with the POST method.',
  };
}

const acceptsGzip = (request: HttpRequest): boolean =>
  request.headers['accept-encoding']?.includes('gzip') ?? false;

async function work(
  server: ApiServer,
  account: Account,
  { call, acceptsGzip }: { readonly call: Incoming; readonly acceptsGzip: boolean },
): Promise<Answer> {
  const { world, router } = server;
  const { operationMs, gzip } = world.settings;
  const isWrite = call.method !== 'GET' && call.path !== '/batches';
  const due = isWrite && operationMs > 0 ? account.directPace.due(call.arrived, operationMs) : undefined;
  const effect = world.faults.takeForRequest({ ...call, via: 'http' });
  const apiCall: ApiCall = { ...call, account, via: 'http' };
  const applied = await applyFault({
    world,
    effect,
    instance: call.instance,
    apply: () => router.run(apiCall),
  });
  const ending = whenKept(applied, account, call.instance);
  const body = await bodyOf(ending, gzip && acceptsGzip);
  if (due !== undefined) {
    await world.pause(due - performance.now());
    account.directPace.replied(due);
  }
  if (isWrite) world.counters.worked(operationMs);
  return { ending, body };
}

/** What is not on disk is lost at the next start, so it must not be acknowledged: a client would rely on it. */
function whenKept(ending: Ending, { journal }: Account, instance: string): Ending {
  const failure = journal?.failure;
  if (!failure || ending.type === 'cut' || ending.type === 'refuse') return ending;
  const refusal = { ...internalError, detail: failure.message };
  return { type: 'reply', reply: problemReply(refusal, instance, undefined) };
}

async function bodyOf(ending: Ending, mayZip: boolean): Promise<Body> {
  const text = ending.type === 'reply' ? ending.reply.text : '';
  if (text === '') return NOTHING;
  const isZipped = mayZip && text.length > WORTH_COMPRESSING;
  return { bytes: isZipped ? await compress(text, { level: 1 }) : Buffer.from(text), isZipped };
}

interface Sending {
  readonly body: Body;
  readonly instance: string;
  readonly pause: (ms: number) => Promise<void>;
}

async function send(
  reply: HttpReply,
  { reply: ending, trickleMs }: Extract<Ending, { type: 'reply' }>,
  { body, instance, pause }: Sending,
): Promise<void> {
  reply.code(ending.status).header('x-request-id', instance);
  if (ending.allow !== undefined) reply.header('allow', ending.allow);
  if (ending.problem) reply.header('link', DESCRIBED_BY);
  if (ending.text === '') {
    reply.send();
    return;
  }
  reply.header('content-type', `application/${ending.problem ? 'problem+json' : 'json'}; charset=utf-8`);
  reply.header('vary', 'Accept-Encoding');
  if (body.isZipped) reply.header('content-encoding', 'gzip');
  if (trickleMs === undefined) reply.send(body.bytes);
  else await trickle(reply, body.bytes, () => pause(trickleMs / PIECES));
}

async function trickle(reply: HttpReply, bytes: Buffer, pause: () => Promise<void>): Promise<void> {
  reply.header('content-length', String(bytes.length));
  const size = Math.ceil(bytes.length / PIECES);
  for (let start = 0; start < bytes.length; start += size) {
    await pause();
    reply.raw.write(bytes.subarray(start, start + size));
  }
  reply.raw.end();
}

/** Destroys the socket; with `half`, after the status line and half of the body. */
function cut(reply: HttpReply, half: Reply | undefined): void {
  if (!half) {
    reply.raw.destroy();
    return;
  }
  const bytes = Buffer.from(half.text);
  reply.raw.writeHead(half.status, { 'content-type': 'application/json', 'content-length': bytes.length });
  reply.raw.write(bytes.subarray(0, bytes.length >> 1), () => reply.raw.destroy());
}
