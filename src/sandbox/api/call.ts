import type { Account } from '../model/account';
import type { Audience } from '../model/audience';
import type { World } from '../world';
import { notFound, Problem } from '../problem';

export type Query = Readonly<Record<string, string>>;

/** A request below `/3.0`, over HTTP or as an operation of a batch. */
export interface ApiCall {
  readonly account: Account;
  readonly method: string;
  /** Below `/3.0`, without the query. */
  readonly path: string;
  readonly query: Query;
  readonly body: string | undefined;
  readonly via: 'http' | 'batch';
  /** The id of the request in problem documents; '' in batch results. */
  readonly instance: string;
}

export interface Reply {
  readonly status: number;
  /** JSON text; '' for 204. */
  readonly text: string;
  readonly problem: boolean;
  readonly allow: string | undefined;
  /** Template of the route; undefined for an unknown route. */
  readonly route: string | undefined;
}

/** The input of a handler. */
export interface Exchange {
  readonly world: World;
  readonly account: Account;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Parsed JSON; undefined for an empty body. */
  readonly body: unknown;
}

/** 204 without a body. */
export const NO_CONTENT = Symbol('204');

export type Handler = (exchange: Exchange) => object | typeof NO_CONTENT;

export interface Route {
  readonly method: string;
  readonly template: string;
  readonly handle: Handler;
}

/** Mailchimp reads true and 1 as true, all other values as false. */
export const queryFlag = (value: string | undefined): boolean => value === 'true' || value === '1';

/** @throws Problem 404 */
export function audienceOf(exchange: Exchange): Audience {
  const audience = exchange.account.audiences.get(exchange.params['list_id']!);
  if (!audience) throw new Problem(notFound);
  return audience;
}

export const isPremium = (exchange: Exchange): boolean => exchange.world.settings.switches.premium;
