import type { Control } from '../control/control';
import type { MemberState } from '../control/report';
import type { App } from './app';
import type { HttpReply } from './exchange';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { actSchema } from '../control/act-schema';
import { faultRuleSchema } from '../control/fault-schema';

const PIECE = 65_536;

/** `/_sandbox/…`: controls a sandbox that runs in its own process. Needs no credentials. */
export function serveControl(app: App, control: Control): void {
  app.on('GET', '/_sandbox/state', (_request, reply) => reply.json(control.state()));
  app.on('GET', '/_sandbox/audiences/:id/members', (request, reply) =>
    attempt(reply, () => dump(reply, control, request.params['id']!)),
  );
  app.on('POST', '/_sandbox/faults', (request, reply) =>
    attempt(reply, () => control.fail(faultRuleSchema.parse(json(request.body)))),
  );
  app.on('DELETE', '/_sandbox/faults', (_request, reply) => attempt(reply, () => control.clearFaults()));
  app.on('POST', '/_sandbox/batches/release', (_request, reply) =>
    attempt(reply, () => control.releaseBatches()),
  );
  app.on('DELETE', '/_sandbox/requests', (_request, reply) => attempt(reply, () => control.clearRequests()));
  app.on('POST', '/_sandbox/act', (request, reply) =>
    attempt(reply, () => control.act(actSchema.parse(json(request.body)) as Parameters<Control['act']>[0])),
  );
  app.on('PATCH', '/_sandbox/settings', (request, reply) =>
    attempt(reply, () => control.set(z.looseObject({}).parse(json(request.body)))),
  );
}

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
