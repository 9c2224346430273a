import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Control } from '../control/control';
import type { MemberState } from '../control/report';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { actSchema } from '../control/act-schema';
import { faultRuleSchema } from '../control/fault-schema';

const PIECE = 65_536;

/** `/_sandbox/…`: controls a sandbox that runs in its own process. Needs no credentials. */
export function serveControl(app: FastifyInstance, control: Control): void {
  app.get('/_sandbox/state', (_request, reply) => reply.send(control.state()));
  app.get<{ Params: { id: string } }>('/_sandbox/audiences/:id/members', (request, reply) =>
    attempt(reply, () => dump(reply, control, request.params.id)),
  );
  app.post('/_sandbox/faults', (request, reply) =>
    attempt(reply, () => control.fail(faultRuleSchema.parse(json(request.body)))),
  );
  app.delete('/_sandbox/faults', (_request, reply) => attempt(reply, () => control.clearFaults()));
  app.delete('/_sandbox/requests', (_request, reply) => attempt(reply, () => control.clearRequests()));
  app.post('/_sandbox/act', (request, reply) =>
    attempt(reply, () => control.act(actSchema.parse(json(request.body)) as Parameters<Control['act']>[0])),
  );
  app.patch('/_sandbox/settings', (request, reply) =>
    attempt(reply, () => control.set(z.looseObject({}).parse(json(request.body)))),
  );
}

const json = (body: unknown): unknown =>
  typeof body === 'string' ? (JSON.parse(body) as unknown) : undefined;

/** Replies with 204, or with 400 and a message. */
function attempt(reply: FastifyReply, action: () => unknown): FastifyReply {
  try {
    const result = action();
    return result === undefined ? reply.code(204).send() : reply;
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    return reply.code(400).send({ error: message });
  }
}

function dump(reply: FastifyReply, control: Control, id: string): FastifyReply {
  // Throws for an unknown audience before the reply has started.
  const members = control.members(id);
  return reply.type('application/x-ndjson').send(Readable.from(linesOf(members)));
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
