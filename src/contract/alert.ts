import { z } from 'zod';
import type { Stale } from './destination-view';
import type { GuardCode } from './guard';
import type { JobKind } from './job-kind';
import type { Outcome } from './outcome';
import { ReasonSchema, type Reason } from './reason';
import { isAboveLimit, readRejectLimit, rejectsOf, type RejectCount } from './rejects';
import type { ExportReport } from './report';

/**
 * What an alert may be about. `rejects`: completed, with more rejects than the receiver accepts. `recovered`: the first
 * export that completes after one of the others.
 */
export const ALERT_EVENTS = [
  'completed',
  'rejects',
  'held',
  'stopped',
  'failed',
  'recovered',
  'stale',
] as const;
/** What an alert is about. @useDeclaredType */
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** All but `completed`, which comes after every refresh. */
export const DEFAULT_ALERT_EVENTS = ALERT_EVENTS.filter((event) => event !== 'completed');

/** What is wrong with a destination until an export completes. */
export type TroubleKind = 'held' | 'stopped' | 'failed' | 'stale';

/**
 * A change of the state of a destination, as its workflow knows it: ids, names of the destination, counts and codes. A worker makes an
 * alert of it for each receiver that wants one.
 */
export interface Notice {
  readonly kind: 'completed' | TroubleKind;
  readonly destinationId: string;
  /** Display name of the destination. */
  readonly name: string;
  readonly labels: readonly string[];
  /** When the state began, in ISO 8601 and UTC. */
  readonly at: string;
  /** Undefined for a destination that is stale. */
  readonly export?: { readonly exportId: string; readonly kind: JobKind; readonly number: number };
  /** Why an export was stopped, or has failed. */
  readonly code?: string;
  /** What an export is held for. */
  readonly guards?: readonly GuardCode[];
  /** Of an export that has ended. */
  readonly counts?: NoticeCounts;
  /** Of the export that completed before. */
  readonly before?: RejectCount;
  /** Undefined: nothing was wrong. */
  readonly recoveredFrom?: TroubleKind;
  readonly stale?: Stale;
}

export interface NoticeCounts {
  readonly selected: number;
  readonly departed: number;
  /** Without those that are zero. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
}

/** A receiver that wants an alert, and what it will be about. */
export interface Addressee {
  readonly receiver: string;
  readonly event: AlertEvent;
}

/** What is sent to one receiver. */
export interface Alert {
  readonly notice: Notice;
  readonly event: AlertEvent;
  /** A sample, which a person has asked for. */
  readonly isTest?: true;
}

const AlertDeliverySchema = z.object({
  receiver: z.string(),
  event: z.enum(ALERT_EVENTS),
  /** Of the attempt, in ISO 8601 and UTC. */
  at: z.string(),
  /** Undefined: it has arrived. */
  failure: ReasonSchema.optional(),
});
/** Whether alerts arrive at a receiver, from the workflow that sends them to the destination. */
export interface AlertDelivery extends z.output<typeof AlertDeliverySchema> {}

/** Undefined for anything else: a signal cannot be refused. */
export function parseAlertDelivery(signal: unknown): AlertDelivery | undefined {
  return AlertDeliverySchema.safeParse(signal).data;
}

/** A receiver at which the last alert has not arrived. */
export interface UndeliveredAlert {
  /** Its name in the configuration of the worker. */
  readonly receiver: string;
  /** What the alert was about. */
  readonly event: AlertEvent;
  /** Of the attempt, in ISO 8601 and UTC. */
  readonly at: string;
  /** What came back, with a code. */
  readonly failure: Reason;
}

/**
 * Names one notice, and so the workflow that sends its alerts: the same for each attempt and each run. An export can be stopped several
 * times, and a destination become stale several times, so these have the time.
 */
export function noticeId({ kind, destinationId, at, export: job }: Notice): string {
  const subject = job ? job.exportId : destinationId;
  return kind === 'stopped' || kind === 'stale'
    ? `${subject}-${kind}-${Date.parse(at)}`
    : `${subject}-${kind}`;
}

/** The same at each attempt, so that a receiver can tell a repeated alert. */
export function alertId({ notice, event }: Alert): string {
  return `${notice.destinationId}-${noticeId(notice)}${event === notice.kind ? '' : `-${event}`}`;
}

export function countsOf({ selected, departed, outcomes }: ExportReport): NoticeCounts {
  const counted = Object.entries(outcomes).filter(([, count]) => count > 0);
  return { selected, departed, outcomes: Object.fromEntries(counted) };
}

/**
 * What a notice is for a receiver; the first that it wants. One that had too many rejects before is not alerted again.
 * @returns undefined: nothing
 */
export function eventFor(
  { kind, counts, before, recoveredFrom }: Notice,
  { on, rejectsAbove }: { readonly on: readonly AlertEvent[]; readonly rejectsAbove: number | string },
): AlertEvent | undefined {
  if (kind !== 'completed') return on.find((event) => event === kind);
  const now = { selected: counts?.selected ?? 0, rejects: rejectsOf(counts?.outcomes ?? {}) };
  const limit = readRejectLimit(String(rejectsAbove));
  const isNew = limit !== undefined && isAboveLimit(now, limit) && !(before && isAboveLimit(before, limit));
  const events: AlertEvent[] = [
    ...(isNew ? (['rejects'] as const) : []),
    ...(recoveredFrom ? (['recovered'] as const) : []),
    'completed',
  ];
  return events.find((event) => on.includes(event));
}
