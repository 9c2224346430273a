import type {
  AccountBudget,
  Gone,
  HolderView,
  LeaseRequest,
  Pace,
  PaceRequest,
  Release,
} from '../../contract/account-budget';
import { divide } from './divide';

/** A worker process, as its last request has said and as it was answered. */
interface Holder extends Omit<LeaseRequest, 'holder' | 'waits'> {
  readonly id: string;
  /** Connections that it may be using, whichever answer has reached it. */
  readonly occupied: number;
  /** When its lease ends here: later than in its process. Milliseconds since 1970. */
  readonly endsAtMs: number;
  /** Since when it has connections, or waits. */
  readonly sinceMs: number;
  /** Where more holders wait than there are connections: when its turn has begun. */
  readonly turnSinceMs: number;
}

/** What the next run takes over. */
export interface BudgetState {
  readonly holders: readonly Holder[];
  readonly pace: Pace | null;
}

export const NEW_BUDGET: BudgetState = { holders: [], pace: null };

/** A process ends its lease so long after it asked. */
export const LEASE_SECONDS = 75;

/** Longer than in the process: a request that began at the end of its lease has time to end. */
const HELD_MS = 90_000;

/** Where more holders wait than there are connections, one holder has a connection for so long. */
const TURN_MS = 10_000;

/** More processes share no ten connections; so the state is bounded. */
const MOST_HOLDERS = 100;

/** Before all that wait, and in order of time. */
const IN_TURN_MS = 1e15;

/** Holders whose leases have not ended. */
function live({ holders }: BudgetState, nowMs: number): readonly Holder[] {
  return holders.filter(({ endsAtMs }) => endsAtMs > nowMs);
}

function isActive({ occupied, wants }: Holder): boolean {
  return occupied > 0 || wants > 0;
}

/** Holders that have connections, or want some. One that has given all back is kept until its lease would end, since an earlier request of it may arrive late. */
function active(state: BudgetState, nowMs: number): readonly Holder[] {
  return live(state, nowMs).filter(isActive);
}

export function isIdle(state: BudgetState, nowMs: number): boolean {
  return state.pace === null && active(state, nowMs).length === 0;
}

/** When the next lease of a holder with connections, or with work, ends. */
export function nextEndMs(state: BudgetState, nowMs: number): number | undefined {
  const ends = active(state, nowMs).map(({ endsAtMs }) => endsAtMs);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

export function withoutEnded(state: BudgetState, nowMs: number): BudgetState {
  return { ...state, holders: live(state, nowMs) };
}

/** @returns null where no holder has said what its configuration allows */
export function budgetOf(state: BudgetState, nowMs: number): number | null {
  if (state.pace) return state.pace.connections;
  const configured = active(state, nowMs).map((holder) => holder.configured);
  return configured.length > 0 ? Math.min(...configured) : null;
}

/** Whether it has a place among the holders, and the request is later than those that are known. */
export function isKnown(
  { holders }: BudgetState,
  { holder: id, number }: Pick<Release, 'holder' | 'number'>,
): boolean {
  return holders.some((holder) => holder.id === id && holder.number === number);
}

/** A request that is older than another one of its holder changes nothing. */
export function withRequest(state: BudgetState, request: LeaseRequest, nowMs: number): BudgetState {
  const { holder: id, waits: _, ...said } = request;
  const before = state.holders.find((holder) => holder.id === id);
  if (before && before.number >= request.number) return state;
  const others = live(state, nowMs).filter((holder) => holder.id !== id);
  const kept = others.length < MOST_HOLDERS ? others : others.filter(isActive);
  if (kept.length >= MOST_HOLDERS) return state;
  const has = request.connections > 0;
  const isSame = before && before.endsAtMs > nowMs && has === before.connections > 0 && before.wants > 0;
  const since = isSame ? before : { sinceMs: nowMs, turnSinceMs: nowMs };
  const holder: Holder = {
    ...said,
    id,
    occupied: Math.max(request.connections, request.inUse),
    endsAtMs: nowMs + HELD_MS,
    sinceMs: since.sinceMs,
    turnSinceMs: since.turnSinceMs,
  };
  return { ...state, holders: [...kept, holder] };
}

export function withRelease(state: BudgetState, { holder: id, number, inUse }: Release): BudgetState {
  const holders = state.holders.map((holder) =>
    holder.id === id && holder.number < number
      ? { ...holder, number, wants: 0, connections: 0, inUse, occupied: inUse }
      : holder,
  );
  return { ...state, holders };
}

/** A process that has ended uses nothing. */
export function withoutProcesses(state: BudgetState, { processes }: Gone): BudgetState {
  return { ...state, holders: state.holders.filter((holder) => !processes.includes(holder.process)) };
}

/** The processes that have connections now, but for one. */
export function processesBeside(state: BudgetState, id: string, nowMs: number): readonly string[] {
  const others = active(state, nowMs).filter((holder) => holder.id !== id && holder.occupied > 0);
  return [...new Set(others.map((holder) => holder.process))];
}

export function withPace(state: BudgetState, { connections, by }: PaceRequest, nowMs: number): BudgetState {
  if (connections === null) return { ...state, pace: null };
  const since = new Date(nowMs).toISOString();
  return { ...state, pace: { connections, since, ...(by !== undefined && { by }) } };
}

function sharesOf(state: BudgetState, nowMs: number): ReadonlyMap<string, number> {
  const claims = active(state, nowMs).map((holder) => ({
    id: holder.id,
    wants: holder.wants,
    weight: Math.max(1, holder.destinations),
    rank: rankOf(holder, nowMs),
  }));
  return divide(budgetOf(state, nowMs) ?? 0, claims);
}

/** Holders that have had their turn queue up behind those that wait already. */
function rankOf({ connections, sinceMs, turnSinceMs }: Holder, nowMs: number): number {
  if (connections === 0) return sinceMs;
  const turnEndsMs = turnSinceMs + TURN_MS;
  return nowMs < turnEndsMs ? sinceMs - IN_TURN_MS : turnEndsMs;
}

export interface Grant {
  /** What the holder may have now: its share, as far as others have given it back. */
  readonly connections: number;
  readonly isContended: boolean;
}

/** What an answer to the holder would say now. */
export function grantFor(state: BudgetState, id: string, nowMs: number): Grant {
  const shares = sharesOf(state, nowMs);
  const others = active(state, nowMs).filter((holder) => holder.id !== id);
  const taken = others.reduce((sum, { occupied }) => sum + occupied, 0);
  const free = (budgetOf(state, nowMs) ?? 0) - taken;
  return {
    connections: Math.max(0, Math.min(shares.get(id) ?? 0, free)),
    isContended: others.some((other) => other.wants > (shares.get(other.id) ?? 0)),
  };
}

/** As the holder is answered. What it gives back counts as used until it says that it has. */
export function withGrant(
  state: BudgetState,
  id: string,
  { connections, nowMs }: { readonly connections: number; readonly nowMs: number },
): BudgetState {
  const holders = state.holders.map((holder) => {
    if (holder.id !== id) return holder;
    const isTurned = holder.connections > 0 !== connections > 0;
    const isNext = nowMs >= holder.turnSinceMs + TURN_MS;
    return {
      ...holder,
      connections,
      occupied: Math.max(holder.occupied, connections),
      sinceMs: isTurned ? nowMs : holder.sinceMs,
      turnSinceMs: isTurned || isNext ? nowMs : holder.turnSinceMs,
    };
  });
  return { ...state, holders };
}

export function toView(state: BudgetState, nowMs: number): AccountBudget {
  const holders = active(state, nowMs);
  return {
    budget: budgetOf(state, nowMs),
    configured: [...new Set(holders.map(({ configured }) => configured))].toSorted((a, b) => a - b),
    pace: state.pace,
    holders: holders.map(toHolderView).toSorted((a, b) => b.connections - a.connections),
  };
}

function toHolderView(holder: Holder): HolderView {
  const { identity, connections, inUse, wants, configured, destinations, names, sinceMs } = holder;
  const since = new Date(sinceMs).toISOString();
  return { identity, connections, inUse, wants, configured, destinations, names, since };
}
