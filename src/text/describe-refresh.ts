import {
  REFRESH_RESULTS,
  type RefreshedDestination,
  type RefreshResult,
  type SkipReason,
} from '../contract/refresh';
import { count, countOf } from './format';

/** How far a refresh is. */
export interface RefreshProgress {
  readonly destinations: readonly RefreshedDestination[];
  /** Exports that run or are queued. */
  readonly running: number;
  /** Destinations that are still to be asked. */
  readonly toAsk: number;
  readonly left: number;
}

const SKIPPED: Readonly<Record<SkipReason, string>> = {
  source_unchanged: 'nothing has changed since its last complete export',
  not_configured: 'it has no data matching and no segments yet',
  consent_withdrawn: 'its consent was withdrawn',
  removed: 'it has been removed',
  not_found: 'there is no such destination',
  busy: 'an export with other options runs, and another one is queued',
};

/** "3 of 12 exported, 1 held, 8 running": what is decided first. */
export function describeRefresh({ destinations, running, toAsk, left }: RefreshProgress): string {
  const all = destinations.length + running + toAsk;
  if (all === 0) return 'No destination matches. Nothing was exported.';
  const counts = REFRESH_RESULTS.map((result) => ({
    result,
    number: destinations.filter((one) => one.result === result).length,
  }));
  const exported = counts.find(({ result }) => result === 'exported')?.number ?? 0;
  const others = counts.filter(({ result, number }) => result !== 'exported' && number > 0);
  return [
    `${count(exported)} of ${count(all)} exported`,
    ...others.map(({ result, number }) => `${count(number)} ${result}`),
    ...(running > 0 ? [`${count(running)} running`] : []),
    ...(toAsk > 0 ? [`${count(toAsk)} to go`] : []),
    ...(left > 0 ? [`${countOf(left, 'destination')} left out: a refresh takes no more`] : []),
  ].join(', ');
}

/** Those that need a person, and those that failed, the worst first. */
export function needingAttention(
  destinations: readonly RefreshedDestination[],
): readonly RefreshedDestination[] {
  return ATTENTION.flatMap((result) => destinations.filter((one) => one.result === result)).filter(
    ({ skipped }) => skipped === undefined || NEEDING_A_PERSON.has(skipped),
  );
}

const ATTENTION: readonly RefreshResult[] = ['failed', 'stopped', 'held', 'paused', 'waiting', 'skipped'];
const NEEDING_A_PERSON = new Set<SkipReason>(['not_configured', 'not_found']);

/** What became of one destination, and what to do; one line. */
export function describeRefreshed(destination: RefreshedDestination): string {
  const { destinationId, result, failure, number } = destination;
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
      return describeSkipped(destination, command);
    case 'unfinished':
      return number === undefined ? 'unfinished: it was not asked in time' : `unfinished${which}: it goes on`;
    case 'exported':
    case 'unchanged':
    case 'cancelled':
    case 'denied':
      return `${result}${which}`;
    default:
      return String(result satisfies never);
  }
}

function describeSkipped({ skipped }: RefreshedDestination, command: (text: string) => string): string {
  const why = skipped ? SKIPPED[skipped] : '';
  return skipped === 'not_configured'
    ? `skipped: ${why}. Configure it: ${command('destination configure')}`
    : `skipped: ${why}`;
}
