import type { Act } from './model/act';
import type { BatchState } from './options';

/** What goes wrong with a request. */
export type RequestEffect =
  /** Answered with this status, nothing applied. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body?: 'problem' | 'html' | 'empty';
      readonly title?: string;
      readonly detail?: string;
    }
  /** The socket is destroyed, nothing applied. */
  | { readonly type: 'reset' }
  /** Applied, and then answered with this status and an HTML page. */
  | { readonly type: 'applyThenStatus'; readonly status: number }
  | { readonly type: 'applyThenReset' }
  /** Applied, and the socket is destroyed in the middle of the reply. */
  | { readonly type: 'resetMidBody' }
  /** Silence for so long, and then the socket is destroyed; nothing applied. The connection stays in use. */
  | { readonly type: 'hang'; readonly ms: number }
  /** The request waits so long before it is worked on. */
  | { readonly type: 'delay'; readonly ms: number }
  /** A person or another tool does something just before the request is worked on. */
  | { readonly type: 'act'; readonly act: Act }
  /** So many rows of a batch subscribe are applied but stand in no list of the reply. */
  | { readonly type: 'omitRows'; readonly count: number };

/** What goes wrong with a batch or its results. */
export type BatchEffect =
  /** The next batch never leaves this state (default pending). */
  | { readonly type: 'stuckBatch'; readonly state?: BatchState }
  /** The next batch to finish has no result URL. */
  | { readonly type: 'emptyResultUrl' }
  /** The next archive to be made ends in the middle, at every download. */
  | { readonly type: 'truncatedResult' }
  /** The next archive to be made lacks the results of so many operations. */
  | { readonly type: 'missingResults'; readonly count: number }
  /** The next download breaks off in the middle; a later one is whole. */
  | { readonly type: 'truncatedDownload' }
  /** The next download is refused as expired; a fresh URL is good. */
  | { readonly type: 'expiredUrl' };

export type FaultEffect = RequestEffect | BatchEffect;

export interface FaultRule {
  /** Method and path below `/3.0`: `*` is one part of the path or any method, `**` any number of parts. Default: everything. */
  readonly match?: string;
  /** Whether it hits requests over HTTP, operations of batches, or both. Default 'http'. */
  readonly via?: 'http' | 'batch' | 'any';
  /** Hits only requests whose body holds this text: one poisonous row. */
  readonly bodyIncludes?: string;
  /** How many matches it hits. Default 1. */
  readonly times?: number | 'always';
  /** Matches to let pass first. Default 0. */
  readonly after?: number;
  readonly effect: FaultEffect;
}

export interface FaultTarget {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
  readonly via: 'http' | 'batch';
}

const BATCH_EFFECTS: readonly string[] = [
  'stuckBatch',
  'emptyResultUrl',
  'truncatedResult',
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

/** `POST /lists/*` as a pattern over `POST /lists/abc`. */
function patternOf(match: string): RegExp {
  const escaped = match
    .trim()
    .replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*\*|\*/g, (stars) => (stars === '**' ? '.*' : '[^/ ]+'));
  return new RegExp(`^${escaped}$`);
}

/** The faults that are still to come, in the order they were given: the first that matches wins. */
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

  /** Rules with hits left. */
  list(): { readonly rule: FaultRule; readonly left: number | 'always' }[] {
    return this.#entries.map(({ rule, left }) => ({ rule, left: left === Infinity ? 'always' : left }));
  }

  takeForRequest(target: FaultTarget): RequestEffect | undefined {
    const effect = this.#take((rule, pattern) => {
      if (isBatchEffect(rule.effect)) return false;
      const via = rule.via ?? 'http';
      if (via !== 'any' && via !== target.via) return false;
      if (rule.bodyIncludes !== undefined && !target.body?.includes(rule.bodyIncludes)) return false;
      return pattern?.test(`${target.method} ${target.path}`) ?? true;
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
