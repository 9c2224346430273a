import type { Query } from './api/call';
import type { Act } from './model/act';
import type { BatchState } from './options';
import { rowsOf } from './api/paging';

/** A fault of a request. */
export type RequestEffect =
  /** The reply has this status; nothing is applied. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body?: 'problem' | 'html' | 'empty';
      readonly title?: string;
      readonly detail?: string;
    }
  /** The socket is destroyed; nothing is applied. */
  | { readonly type: 'reset' }
  /** The request is applied; the reply is this status with an HTML page. */
  | { readonly type: 'applyThenStatus'; readonly status: number }
  | { readonly type: 'applyThenReset' }
  /** The request is applied; the socket is destroyed in the middle of the reply. */
  | { readonly type: 'resetMidBody' }
  /** No reply for `ms`, then the socket is destroyed; nothing is applied. The connection counts as in use. */
  | { readonly type: 'hang'; readonly ms: number }
  /** The request is processed after `ms`. */
  | { readonly type: 'delay'; readonly ms: number }
  /** The reply takes `ms` to arrive, in small pieces. */
  | { readonly type: 'trickle'; readonly ms: number }
  /** The socket is destroyed, and for `ms` every new connection to the sandbox is refused; nothing is applied. */
  | { readonly type: 'refuseConnections'; readonly ms: number }
  /** Another tool deletes an audience just before the request is processed. */
  | { readonly type: 'deleteAudience'; readonly audience: string }
  /** A contact or another tool changes the audience just before the request is processed. */
  | { readonly type: 'act'; readonly act: Act }
  /** This number of rows of a batch subscribe is applied but missing in the reply. */
  | { readonly type: 'omitRows'; readonly count: number };

/** A fault of a batch or its results. */
export type BatchEffect =
  /** The next batch stays in this state (default pending) until it is deleted, or released with `control.releaseBatches`. In started and finalizing, all of its operations have run. */
  | { readonly type: 'stuckBatch'; readonly state?: BatchState }
  /** From this state on (default pending), the next batch is answered with 404 and missing in the list, while its operations run. */
  | { readonly type: 'vanishedBatch'; readonly state?: BatchState }
  /** The next batch to finish has no result URL. */
  | { readonly type: 'emptyResultUrl' }
  /** The next created archive is truncated, at every download. */
  | { readonly type: 'truncatedResult' }
  /** The next created archive has wrong bytes in its middle, or with `json` a file that is no JSON, at every download. */
  | { readonly type: 'corruptResult'; readonly what: 'bytes' | 'json' }
  /** The results of the next batch to start have wrong operation ids: none, each that of its neighbour, or that of another result too. */
  | { readonly type: 'wrongOperationIds'; readonly how: 'null' | 'swapped' | 'shared' }
  /** The next created archive has every result twice. */
  | { readonly type: 'doubledResults' }
  /** The next created archive lacks the results of this number of operations. */
  | { readonly type: 'missingResults'; readonly count: number }
  /** The next download is truncated; later downloads are complete. */
  | { readonly type: 'truncatedDownload' }
  /** The next download is refused as expired; a new URL works. */
  | { readonly type: 'expiredUrl' };

/** What goes wrong. */
export type FaultEffect = RequestEffect | BatchEffect;

/** A fault, and when it occurs. */
export interface FaultRule {
  /** Method and path below `/3.0`: `*` matches any method or one segment of the path, `**` any number of segments. Default: all requests. */
  readonly match?: string;
  /** Whether it applies to HTTP requests, operations of batches, or both. Default 'http'. */
  readonly via?: 'http' | 'batch' | 'any';
  /** Applies only to requests whose body contains this text, such as one row. */
  readonly bodyIncludes?: string;
  /** Applies only to requests with more rows than this: members of a body, or the `count` of a listing. */
  readonly moreThan?: number;
  /** Number of matches that it applies to. Default 1. */
  readonly times?: number | 'always';
  /** Number of matches to skip first. Default 0. */
  readonly after?: number;
  readonly effect: FaultEffect;
}

export interface FaultTarget {
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  readonly body: string | undefined;
  readonly via: 'http' | 'batch';
}

const BATCH_EFFECTS: readonly string[] = [
  'stuckBatch',
  'vanishedBatch',
  'emptyResultUrl',
  'truncatedResult',
  'corruptResult',
  'wrongOperationIds',
  'doubledResults',
  'missingResults',
  'truncatedDownload',
  'expiredUrl',
] satisfies BatchEffect['type'][];

const isBatchEffect = (effect: FaultEffect): effect is BatchEffect => BATCH_EFFECTS.includes(effect.type);

interface Entry {
  readonly rule: FaultRule;
  readonly pattern: RegExp | undefined;
  skip: number;
  left: number;
}

/** Converts `POST /lists/*` to a pattern that matches `POST /lists/abc`. */
function patternOf(match: string): RegExp {
  const escaped = match
    .trim()
    .replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*\*|\*/g, (stars) => (stars === '**' ? '.*' : '[^/ ]+'));
  return new RegExp(`^${escaped}$`);
}

/** The pending faults, in the order in which they were added: the first match applies. */
export class FaultBook {
  readonly #entries: Entry[] = [];

  add(rule: FaultRule): void {
    this.#entries.push({
      rule,
      pattern: rule.match === undefined ? undefined : patternOf(rule.match),
      skip: rule.after ?? 0,
      left: rule.times === 'always' ? Infinity : (rule.times ?? 1),
    });
  }

  clear(): void {
    this.#entries.length = 0;
  }

  /** Rules that can still apply. */
  list(): { readonly rule: FaultRule; readonly left: number | 'always' }[] {
    return this.#entries.map(({ rule, left }) => ({ rule, left: left === Infinity ? 'always' : left }));
  }

  takeForRequest(target: FaultTarget): RequestEffect | undefined {
    const effect = this.#take((rule, pattern) => {
      if (isBatchEffect(rule.effect)) return false;
      const via = rule.via ?? 'http';
      if (via !== 'any' && via !== target.via) return false;
      if (rule.bodyIncludes !== undefined && !target.body?.includes(rule.bodyIncludes)) return false;
      if (pattern && !pattern.test(`${target.method} ${target.path}`)) return false;
      return rule.moreThan === undefined || rowsOf(target) > rule.moreThan;
    });
    return effect as RequestEffect | undefined;
  }

  takeForBatch<T extends BatchEffect['type']>(type: T): Extract<BatchEffect, { type: T }> | undefined {
    const effect = this.#take((rule) => rule.effect.type === type);
    return effect as Extract<BatchEffect, { type: T }> | undefined;
  }

  #take(hits: (rule: FaultRule, pattern: RegExp | undefined) => boolean): FaultEffect | undefined {
    for (const entry of this.#entries) {
      if (!hits(entry.rule, entry.pattern)) continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      entry.left--;
      if (entry.left <= 0) this.#entries.splice(this.#entries.indexOf(entry), 1);
      return entry.rule.effect;
    }
    return undefined;
  }
}
