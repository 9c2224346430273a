import type { Alert, AlertEvent, NoticeCounts, TroubleKind, UndeliveredAlert } from '../contract/alert';
import { rejectsOf } from '../contract/rejects';
import { describeOutcomes, describeRejects, jobTitle } from './describe-export';
import { describeStale } from './describe-stale';
import { instant } from './format';

/** An alert in words: plain text, which a template escapes. */
export interface DescribedAlert {
  readonly title: string;
  readonly sentence: string;
  /** Names with values. */
  readonly facts: readonly (readonly [string, string])[];
}

const WAS: Readonly<Record<TroubleKind, string>> = {
  held: 'was held',
  stopped: 'was stopped',
  failed: 'had failed',
  stale: 'was stale',
};

/** Names the destination by its display name and its id, since the first need not be unique. */
export function describeAlert({ notice, event, isTest }: Alert): DescribedAlert {
  const { name, destinationId, export: job, code, guards, counts } = notice;
  const subject = job ? `${jobTitle(job)} of ${name}` : name;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Destination', destinationId],
    ['Code', code ?? guards?.join(', ')],
    ['Outcomes', counts && describeOutcomes(counts.outcomes)],
  ];
  return {
    title: `${isTest ? 'Test: ' : ''}${subject} ${STATE[event]}`,
    sentence: sentenceOf({ notice, event }),
    facts: facts.flatMap(([fact, value]) => (value === undefined ? [] : [[fact, value] as const])),
  };
}

const STATE: Readonly<Record<AlertEvent, string>> = {
  completed: 'has completed',
  rejects: 'has completed with rejects',
  held: 'is held',
  stopped: 'is stopped',
  failed: 'has failed',
  recovered: 'has completed: recovered',
  stale: 'is stale',
};

function sentenceOf({ notice, event }: Alert): string {
  const { destinationId, counts, recoveredFrom, stale } = notice;
  const show = `temporal-mailchimp export show ${destinationId}`;
  switch (event) {
    case 'held':
      return `Nothing is sent until it is approved or denied. What it would do: ${show}`;
    case 'stopped':
      return `It goes on once the cause is fixed. What to do: ${show}`;
    case 'failed':
      return `Why, and what was sent: ${show}`;
    case 'rejects':
      return `${describeRejected(counts)} Which: temporal-mailchimp export failures ${destinationId}`;
    case 'recovered':
      return recoveredFrom ? `Before, the destination ${WAS[recoveredFrom]}.` : '';
    case 'stale':
      return stale ? `${capitalized(describeStale(stale))}.` : '';
    case 'completed':
      return 'Every profile has one outcome.';
    default:
      return String(event satisfies never);
  }
}

function describeRejected(counts: NoticeCounts | undefined): string {
  const { selected = 0, outcomes = {} } = counts ?? {};
  return `${describeRejects({ selected, rejects: rejectsOf(outcomes) })}.`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A receiver that does not get alerts, on the page of the destination. */
export function describeUndelivered({ receiver, event, at, failure }: UndeliveredAlert): string {
  return `${receiver} has not got "${event}" (${instant(at)}). ${failure.code}: ${failure.message}`;
}
