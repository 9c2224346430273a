import { archive, censusFor, untag, upsert } from './mailchimp';
import { audienceOf } from './audience';
import { findChanges, rowOf } from './changes';
import { count } from './count';
import { endedAs, exposeRepairs, touchedBy } from './history';
import { forgetDeparted, liftRefusals, PERMANENT } from './remembered';
import { findPeople, hasOptedOut, NOBODY } from './selection';
import { leftAs, look, resultOf, withoutOptOuts } from './leavers';
import { isGuarded, isNobody, needsSomething, putOff } from './limits';
import { minus, pick, sorted } from './sets';
import { ON_LIST } from './suppression';
import { asTakenBack, isUndoneAfter, sentBefore } from './undo';
import { ARCHIVING, NEW, type Asked, type Change, type Held } from './world';
import type { Results, Selection, ExportResult, World } from './world';

// What an export does, written from the contract alone. It imports nothing of the tested code, and normalises nothing.

const MINUTE = 60_000;
const WAITS = [5, 1440, 2 * 1440, 7 * 1440].map((minutes) => minutes * MINUTE);
const WORST = ['acknowledged', 'not_sent', 'suppressed', 'throttled', 'rejected', 'unproven'];
/** The contact itself has left, before the export or during it. */
const WITHHELD = ['suppressed archived', 'suppressed opted_out'];
const rank = (result: string) => WORST.indexOf(result.split(' ')[0]!);

/** One export: changes the world as the real export must, and returns what it must report. */
export function exportOnce(world: World, asked: Asked): ExportResult {
  const { removal, takesBack } = asked;
  // Before a removal, nobody is selected, and nothing has to be known of others; nor is anything added by an undo that was not there.
  const isExport = !removal && !takesBack;
  const census = isExport ? censusFor(world, asked) : world.census;
  const status = asked.isCancelled ? 'cancelled' : 'completed';
  const result = { status, subjects: [] as string[], memberStatuses: {}, pairs: {} };
  const selection = selectionOf(world, asked, result.subjects);
  if (isExport && isNobody(selection, result)) return { ...result, status: 'SOURCE_EMPTY' };
  const isFresh = census !== world.census;
  exposeRepairs(world);
  liftRefusals(world, isFresh, asked);
  const seen = look(world);
  const began = audienceOf(world.members);
  const found = findChanges({ ...world, census, isFresh }, selection);
  const changes = takesBack ? found.map((change) => asTakenBack(change, takesBack)) : found;
  world.census = census;
  for (const change of changes.filter(needsSomething).slice(asked.limit ?? Infinity)) putOff(change);
  const touched = touchedBy(changes);
  const isHeld = isGuarded(world, asked, changes) && asked.answer !== 'approved';
  if (isHeld) result.status = asked.answer;
  const unanswered = isHeld ? () => 'not_sent' : asked.unanswered;
  let hasArrived = false;
  for (const change of changes) {
    const { address, loses, isSent } = change;
    const isNew = !world.members.has(address);
    const sent = isSent ? (unanswered(address) ?? upsert(world, rowOf(change))) : null;
    const off = [...loses].map(
      (tag) => [tag, unanswered(address, tag) ?? untag(world, address, tag)] as const,
    );
    const archived = change.isArchived ? (unanswered(address, ARCHIVING) ?? archive(world, address)) : null;
    if (archived === 'archived') seen.fresh.add(address);
    const results = { sent, off, archived, isNew };
    result.subjects.push(settle(world, change, results));
    count(result, change, { ...results, status: world.members.get(address)?.status ?? '' });
    hasArrived ||= [sent, ...off.map(([, one]) => one), archived].some((one) => one && one !== 'not_sent');
  }
  withoutOptOuts(world, seen);
  forgetDeparted(world, selection);
  if (result.status === 'completed' && isExport) world.adopted.clear();
  world.heldFields = world.config.fields;
  for (const held of world.held.values())
    held.filled = pick(held.filled, (tag) => world.config.fields.includes(tag));
  const ended = endedAs(world, asked, { result, selection, touched, hasArrived, began });
  world.history.push(ended);
  world.isUndone = isUndoneAfter(world, asked, { ...ended, status: result.status });
  return { ...result, subjects: result.subjects.toSorted() };
}

function selectionOf(world: World, { removal, takesBack }: Asked, subjects: string[]): Selection {
  if (removal) return NOBODY;
  return takesBack ? sentBefore(world, takesBack.before, subjects) : findPeople(world, subjects);
}

/** Moves the baseline by what was acknowledged, and returns the outcome. */
function settle(world: World, change: Change, { sent, off, archived, isNew }: Results): string {
  const { address, profile, keys, was, ours, values, payload, decided, isKnown, isUncertain } = change;
  const status = world.members.get(address)?.status ?? null;
  const allKeys = [
    ...keys,
    ...(profile && !hasOptedOut(world, address) ? [] : minus(was.keys, new Set(keys))),
  ];
  if (change.isLeft && was !== NEW) world.held.set(address, { ...was, keys: allKeys });
  if (change.isLeft) return `${allKeys[0]}, ${profile?.text ?? address}: unchanged`;
  const isKept = profile === null && world.config.leavers === 'keep' && off.length === 0;
  if (isKept) return `${was.keys[0]}, ${address}: ${decided ?? 'unchanged'}`;
  const results = [decided, sent, ...off.map(([, result]) => result), ...resultOf(archived)].filter(
    (result) => result !== null,
  );
  const worst = sorted(results, (result) => String(rank(result))).at(-1) ?? 'acknowledged';
  const isDone = sent === 'acknowledged';
  const isTaken = isDone || sent === 'unproven';
  const isThrottled = sent?.startsWith('throttled') ?? false;
  const isRefused = isThrottled || PERMANENT.includes(sent?.split(' ')[1] ?? '');
  const times = isThrottled && was.refusal && was.refusal.until < Infinity ? was.refusal.times + 1 : 1;
  const until = isThrottled ? world.now + WAITS[Math.min(times, 4) - 1]! : Infinity;
  const gone = new Set(off.filter(([, result]) => result === 'acknowledged').map(([tag]) => tag));
  const tags = minus(isTaken ? ours : was.tags, gone);
  const arrived = pick(values, (tag) => values[tag] !== '');
  const refusal = isRefused
    ? { payload, outcome: sent!, times, until, at: world.now, isRetried: false }
    : isDone
      ? null
      : was.refusal;
  const next: Held = {
    keys: allKeys,
    status: isDone ? status : was.status,
    tags,
    refusal,
    filled: isDone ? arrived : isTaken ? { ...was.filled, ...arrived } : was.filled,
    state: worst === 'unproven' ? 'exposed' : isDone ? 'proven' : was.state,
    isMember: isKnown || isDone,
    isPresent: profile ? isTaken || was.isPresent : worst !== 'acknowledged' || tags.size > 0,
    isCreated: was.isCreated || (isDone && (change.wasCreated || (isNew && !isKnown && !isUncertain))),
    isOurs: archived === 'archived' || (was.isOurs && !(isDone && status !== 'archived')),
  };
  const isWithheld =
    [decided, sent].some((result) => WITHHELD.includes(result ?? '')) ||
    (decided === ON_LIST && hasOptedOut(world, address));
  if (was !== NEW || next.state !== null || next.refusal !== null || isWithheld)
    world.held.set(address, next);
  const created = isUncertain ? 'created uncertain' : 'created';
  const kind = sent && !isKnown ? created : results.length > 0 ? 'updated' : 'unchanged';
  const success = profile ? kind : leftAs(archived, change);
  return `${next.keys[0]}, ${profile?.text ?? address}: ${worst === 'acknowledged' ? success : worst}`;
}
