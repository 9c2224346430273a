import type { Control } from '../control/control';
import type { MemberState } from '../control/report';
import type { App, Handler } from './app';
import type { HttpReply, HttpRequest } from './exchange';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { actSchema } from '../control/act-schema';
import { faultRuleSchema } from '../control/fault-schema';

const PIECE = 65_536;

const OWN_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

/**
 * `/_sandbox/…`: controls a sandbox that runs in its own process. Needs no credentials, so pages in a browser are kept out: any site
 * that a person of this machine visits could otherwise read and change the audiences, also under a name that it lets point here.
 */
export function serveControl(app: App, control: Control): void {
  const on = (method: string, path: string, handle: Handler): void =>
    app.on(method, `/_sandbox${path}`, (request, reply) =>
      isPage(request)
        ? reply.code(403).json({ error: 'only programs of this machine may control the sandbox, not pages' })
        : handle(request, reply),
    );
  on('GET', '/state', (_request, reply) => reply.json(control.state()));
  on('GET', '/audiences/:id/members', (request, reply) =>
    attempt(reply, () => dump(reply, control, request.params['id']!)),
  );
  on('POST', '/faults', (request, reply) =>
    attempt(reply, () => control.fail(faultRuleSchema.parse(json(request.body)))),
  );
  on('DELETE', '/faults', (_request, reply) => attempt(reply, () => control.clearFaults()));
  on('POST', '/batches/release', (_request, reply) => attempt(reply, () => control.releaseBatches()));
  on('DELETE', '/requests', (_request, reply) => attempt(reply, () => control.clearRequests()));
  on('POST', '/act', (request, reply) =>
    attempt(reply, () => control.act(actSchema.parse(json(request.body)) as Parameters<Control['act']>[0])),
  );
  on('PATCH', '/settings', (request, reply) =>
    attempt(reply, () => control.set(z.looseObject({}).parse(json(request.body)))),
  );
}

const isPage = ({ headers }: HttpRequest): boolean =>
  headers.origin !== undefined || !OWN_HOST.test(headers.host ?? '');

const json = (body: string | undefined): unknown =>
  body === undefined ? undefined : (JSON.parse(body) as unknown);

/** Replies with 204, or with 400 and a message. */
function attempt(reply: HttpReply, action: () => void | Promise<void>): void | Promise<void> {
  try {
    const sent = action();
    if (sent) return sent;
    reply.code(204).send();
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    reply.code(400).json({ error: message });
  }
}

function dump(reply: HttpReply, control: Control, id: string): Promise<void> {
  // Throws for an unknown audience before the reply has started.
  const members = control.members(id);
  return reply.type('application/x-ndjson').stream(Readable.from(linesOf(members)));
}

/** Joins lines to larger chunks: to send a million members one by one takes minutes. */
function* linesOf(members: Iterable<MemberState>): Generator<string> {
  let piece = '';
  for (const { email, status, mergeFields, tags } of members) {
    piece += `${JSON.stringify({ email, status, merge_fields: mergeFields, tags })}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}
