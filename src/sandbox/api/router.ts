import type { World } from '../world';
import type { ApiCall, Handler, Reply, Route } from './call';
import type { Refusal } from '../problem';
import {
  internalError,
  jsonParseException,
  methodNotAllowed,
  nestedTooDeep,
  notFound,
  Problem,
  problemDocument,
  worded,
} from '../problem';
import { NO_CONTENT } from './call';
import { filterFields } from './fields';

const DEEPEST_PATH = 9;

interface Resource {
  readonly template: string;
  readonly parts: readonly string[];
  readonly handlers: Map<string, Handler>;
}

interface Match {
  readonly resource: Resource;
  readonly params: Readonly<Record<string, string>>;
}

/** Answers calls, with the same code for HTTP requests and operations of batches. */
export class Router {
  readonly #resources: Resource[] = [];
  readonly #world: World;

  constructor(world: World, routes: readonly Route[]) {
    this.#world = world;
    for (const { method, template, handle } of routes) {
      let resource = this.#resources.find((known) => known.template === template);
      if (!resource) {
        resource = { template, parts: partsOf(template), handlers: new Map() };
        this.#resources.push(resource);
      }
      resource.handlers.set(method, handle);
    }
  }

  route(path: string): string | undefined {
    return this.#match(path)?.resource.template;
  }

  run(call: ApiCall): Reply {
    const match = this.#match(call.path);
    const route = match?.resource.template;
    try {
      const body = this.#handle(call, match);
      const text = body === NO_CONTENT ? '' : JSON.stringify(body);
      return { status: body === NO_CONTENT ? 204 : 200, text, problem: false, allow: undefined, route };
    } catch (error) {
      if (error instanceof Problem) {
        const { enumWording } = this.#world.settings.switches;
        return problemReply(worded(error.refusal, enumWording), call.instance, route);
      }
      this.#world.warn(`the sandbox itself failed on ${call.method} ${route}: ${String(error)}`);
      return problemReply(internalError, call.instance, route);
    }
  }

  #handle(call: ApiCall, match: Match | undefined): unknown {
    if (!match) {
      this.#world.warn(`no such route: ${call.method} ${call.path.replaceAll(/[^/]*@[^/]*/g, '{address}')}`);
      throw new Problem(partsOf(call.path).length > DEEPEST_PATH ? nestedTooDeep : notFound);
    }
    const { resource, params } = match;
    const handler = resource.handlers.get(call.method);
    if (!handler) {
      this.#world.warn(`no such method: ${call.method} ${resource.template}`);
      throw new Problem(methodNotAllowed([...resource.handlers.keys()].join(', ')));
    }
    const { account, query } = call;
    const body = handler({ world: this.#world, account, params, query, body: parsed(call) });
    const { fieldsOnWrites, unknownFieldsRefused } = this.#world.settings.switches;
    if (body === NO_CONTENT || (call.method !== 'GET' && !fieldsOnWrites)) return body;
    return filterFields(body, query, unknownFieldsRefused);
  }

  #match(path: string): Match | undefined {
    const parts = partsOf(path);
    for (const resource of this.#resources) {
      const params = matchParts(resource.parts, parts);
      if (params) return { resource, params };
    }
    return undefined;
  }
}

export function problemReply(refusal: Refusal, instance: string, route: string | undefined): Reply {
  const text = JSON.stringify(problemDocument(refusal, instance));
  return { status: refusal.status, text, problem: true, allow: refusal.allow, route };
}

function partsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

function matchParts(
  template: readonly string[],
  parts: readonly string[],
): Record<string, string> | undefined {
  if (template.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [place, expected] of template.entries()) {
    const part = parts[place]!;
    if (expected.startsWith('{')) params[expected.slice(1, -1)] = part;
    else if (expected !== part) return undefined;
  }
  return params;
}

function parsed(call: ApiCall): unknown {
  if (call.method === 'GET' || call.body === undefined || call.body === '') return undefined;
  try {
    return JSON.parse(call.body);
  } catch {
    throw new Problem(jsonParseException);
  }
}
