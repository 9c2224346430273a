import { REFRESH_RESULTS, type RefreshedDestination, type RefreshResult } from '../contract/refresh';
import { count, countOf } from './format';
import { describeSkipped, needsPerson } from './why-skipped';

/** How far a refresh is. */
export interface RefreshProgress {
  readonly destinations: readonly RefreshedDestination[];
  /** Exports that run or are queued. */
  readonly running: number;
  /** Destinations that are still to be asked. */
  readonly toAsk: number;
  readonly left: number;
}

/** "10 of 12 up to date: 3 exported, 7 with nothing to send; 1 held, 1 running": what is decided first. */
export function describeRefresh({ destinations, running, toAsk, left }: RefreshProgress): string {
  const all = destinations.length + running + toAsk;
  if (all === 0) return 'No destination matches. Nothing was exported.';
  const exported = destinations.filter(({ result }) => result === 'exported').length;
  const same = destinations.filter(hadNothingToSend).length;
  const upToDate = [
    ...(exported > 0 ? [`${count(exported)} exported`] : []),
    ...(same > 0 ? [`${count(same)} with nothing to send`] : []),
  ].join(', ');
  const others = destinations.filter((one) => one.result !== 'exported' && !hadNothingToSend(one));
  const rest = [
    ...REFRESH_RESULTS.flatMap((result) => {
      const number = others.filter((one) => one.result === result).length;
      return number > 0 ? [`${count(number)} ${result}`] : [];
    }),
    ...(running > 0 ? [`${count(running)} running`] : []),
    ...(toAsk > 0 ? [`${count(toAsk)} to go`] : []),
    ...(left > 0 ? [`${countOf(left, 'destination')} left out: a refresh takes no more`] : []),
  ].join(', ');
  return `${shareOf(exported + same, all)}${upToDate && `: ${upToDate}`}${rest && `; ${rest}`}`;
}

function shareOf(upToDate: number, all: number): string {
  if (upToDate < all) return `${count(upToDate)} of ${count(all)} up to date`;
  return all === 1 ? 'Up to date' : `All ${count(all)} up to date`;
}

function hadNothingToSend({ result, skipped }: RefreshedDestination): boolean {
  return result === 'unchanged' || skipped === 'source_unchanged';
}

/** Those that need a person, and those that failed, the worst first. */
export function needingAttention(
  destinations: readonly RefreshedDestination[],
): readonly RefreshedDestination[] {
  return ATTENTION.flatMap((result) => destinations.filter((one) => one.result === result)).filter(
    ({ skipped }) => skipped === undefined || needsPerson(skipped),
  );
}

const ATTENTION: readonly RefreshResult[] = ['failed', 'stopped', 'held', 'paused', 'waiting', 'skipped'];

/** What became of one destination, and what to do; one line. */
export function describeRefreshed(destination: RefreshedDestination): string {
  const { destinationId, result, skipped, failure, number } = destination;
  const which = number === undefined ? '' : ` (export ${number})`;
  const why = failure ? ` ${failure.code}. ${failure.message}` : '';
  const command = (text: string) => `temporal-mailchimp ${text} ${destinationId}`;
  switch (result) {
    case 'held':
      return `held${which}: its plan awaits approval. See: ${command('export show')}`;
    case 'stopped':
      return `stopped${which}:${why} Then: ${command('export resume')}`;
    case 'paused':
      return `paused${which}: it sends nothing until: ${command('export resume')}`;
    case 'waiting':
      return `waiting${which}:${why} It goes on by itself.`;
    case 'failed':
      return `failed${which}:${why}${number === undefined ? '' : ` See: ${command('export show')}`}`;
    case 'skipped':
      return `skipped: ${skipped ? describeSkipped(skipped, destinationId) : 'the reason is not known'}`;
    case 'unfinished':
      return number === undefined ? 'unfinished: it was not asked in time' : `unfinished${which}: it goes on`;
    case 'unchanged':
      return `nothing to send${which}`;
    case 'exported':
    case 'cancelled':
    case 'denied':
      return `${result}${which}`;
    default:
      return String(result satisfies never);
  }
}
