import type { Asked, RefreshState, Target } from './state';

/** Destinations that one activity asks, and exports that one checks: it stays short. */
const MOST = 50;

/** Checks that are due so soon are made at the same time. */
const SOON_MS = 30_000;

/** What may be asked now: in order, and at most so many exports at once for each account. */
export function mayBeAsked({ toAsk, open }: RefreshState, atOnce: number, nowMs: number): readonly Target[] {
  const running = new Map<string, number>();
  const count = (account: string) => running.set(account, (running.get(account) ?? 0) + 1);
  for (const { account } of open) count(account);
  const chosen: Target[] = [];
  for (const target of toAsk) {
    if (chosen.length === MOST) break;
    if ((target.askAtMs ?? 0) > nowMs || (running.get(target.account) ?? 0) >= atOnce) continue;
    count(target.account);
    chosen.push(target);
  }
  return chosen;
}

export function toCheck({ open }: RefreshState, nowMs: number): readonly Asked[] {
  if (!open.some(({ checkAtMs }) => checkAtMs <= nowMs)) return [];
  return open.filter(({ checkAtMs }) => checkAtMs <= nowMs + SOON_MS).slice(0, MOST);
}

/** When there is something to do, if no signal arrives before. What may be asked and waits for its turn has no time. */
export function nextAtMs({ toAsk, open }: RefreshState, nowMs: number): number {
  const times = [...open.map(({ checkAtMs }) => checkAtMs), ...toAsk.flatMap(({ askAtMs }) => askAtMs ?? [])];
  return Math.min(...times.filter((atMs) => atMs > nowMs));
}

/** For one check each. */
export function inSlices(open: readonly Asked[]): readonly (readonly Asked[])[] {
  return Array.from({ length: Math.ceil(open.length / MOST) }, (_, slice) =>
    open.slice(slice * MOST, (slice + 1) * MOST),
  );
}
