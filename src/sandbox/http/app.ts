import type { FastifyInstance } from 'fastify';
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { internalError, nestedTooDeep, problemDocument } from '../problem';

const PROBLEM_JSON = 'application/problem+json; charset=utf-8';
const MAX_BODY = 512 * 1024 * 1024;

/** The HTTP server. It passes bodies on as text, so that the router replies to invalid JSON as Mailchimp does. */
export function newApp(): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY,
    forceCloseConnections: true,
    // For example a path that is not a valid URL: Mailchimp replies that it is nested too deeply.
    frameworkErrors: (_error, _request, reply) => {
      reply.raw.writeHead(414, { 'content-type': PROBLEM_JSON });
      reply.raw.end(JSON.stringify(problemDocument(nestedTooDeep, randomUUID())));
    },
  });
  app.setErrorHandler((_error, _request, reply) =>
    reply.code(500).type(PROBLEM_JSON).send(problemDocument(internalError, randomUUID())),
  );
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  return app;
}
