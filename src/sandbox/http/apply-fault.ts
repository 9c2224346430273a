import type { RequestEffect } from '../faults';
import type { Reply } from '../api/call';
import type { World } from '../world';
import type { Refusal } from '../problem';
import { deleteAudience } from '../model/account';
import { perform } from '../model/act';
import { problemReply } from '../api/router';
import { refusalForStatus } from '../problem';

/** How a request ends: with a reply, with a page of the CDN, or with a destroyed socket. */
export type Ending =
  /** With `trickleMs`: in small pieces, over this time. */
  | { readonly type: 'reply'; readonly reply: Reply; readonly trickleMs?: number }
  | { readonly type: 'page'; readonly status: number; readonly html: string }
  /** With `reply`: half of it was sent. */
  | { readonly type: 'cut'; readonly reply?: Reply }
  /** The socket is destroyed, and new connections are refused for this time. */
  | { readonly type: 'refuse'; readonly ms: number };

const page = (status: number): Ending => ({ type: 'page', status, html: htmlPage(status) });

const GATEWAY_PAGES: Readonly<Record<number, string>> = { 502: 'Bad Gateway', 504: 'Gateway Time-out' };

function htmlPage(status: number): string {
  if (status === 403)
    return "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>You don't have permission to access this server.<P>Reference #18.0</BODY></HTML>";
  return `<html><head><title>${status}</title></head><body><center><h1>${status} ${GATEWAY_PAGES[status] ?? 'Service Unavailable'}</h1></center></body></html>`;
}

function statusEnding(effect: Extract<RequestEffect, { type: 'status' }>, instance: string): Ending {
  const { status } = effect;
  const form = effect.body ?? (status > 501 && status < 505 ? 'html' : 'problem');
  if (form === 'html') return page(status);
  if (form === 'empty') return { type: 'page', status, html: '' };
  const refusal: Refusal = {
    ...refusalForStatus(status),
    ...(effect.title === undefined ? {} : { title: effect.title }),
    ...(effect.detail === undefined ? {} : { detail: effect.detail }),
  };
  return { type: 'reply', reply: problemReply(refusal, instance, undefined) };
}

export interface FaultedRequest {
  readonly world: World;
  readonly effect: RequestEffect | undefined;
  readonly instance: string;
  readonly apply: () => Reply;
}

/** Runs a request with its fault, if there is one. */
export async function applyFault({ world, effect, instance, apply }: FaultedRequest): Promise<Ending> {
  if (!effect) return { type: 'reply', reply: apply() };
  switch (effect.type) {
    case 'status':
      return statusEnding(effect, instance);
    case 'reset':
      return { type: 'cut' };
    case 'applyThenStatus':
      apply();
      return page(effect.status);
    case 'applyThenReset':
      apply();
      return { type: 'cut' };
    case 'resetMidBody':
      return { type: 'cut', reply: apply() };
    case 'hang':
      await world.pause(effect.ms);
      return { type: 'cut' };
    case 'delay':
      await world.pause(effect.ms);
      return { type: 'reply', reply: apply() };
    case 'trickle':
      return { type: 'reply', reply: apply(), trickleMs: effect.ms };
    case 'refuseConnections':
      return { type: 'refuse', ms: effect.ms };
    case 'deleteAudience':
      for (const account of world.accounts) deleteAudience(account, effect.audience);
      return { type: 'reply', reply: apply() };
    case 'act': {
      const audience = world.audience(effect.act.audience);
      if (audience) perform(audience, effect.act, world.seconds());
      return { type: 'reply', reply: apply() };
    }
    case 'omitRows':
      return { type: 'reply', reply: omitRows(apply(), effect.count) };
    default:
      throw new Error(`no such fault: ${String(effect satisfies never)}`);
  }
}

/** Removes rows that were written from the reply. */
function omitRows(reply: Reply, count: number): Reply {
  if (reply.status !== 200) return reply;
  const body = JSON.parse(reply.text) as Record<string, unknown[]> & Record<string, number>;
  let left = count;
  for (const [list, total] of [
    ['new_members', 'total_created'],
    ['updated_members', 'total_updated'],
  ] as const) {
    if (!Array.isArray(body[list])) continue;
    left -= body[list].splice(0, left).length;
    Object.assign(body, { [total]: body[list].length });
  }
  return { ...reply, text: JSON.stringify(body) };
}
