import type { Outcome } from './outcome';

/**
 * What the next export does for a contact whose row was refused with a class:
 * - `permanent`: does not send the row again until a field or tag in it changes, since the same row would be refused again. A user can
 *   lift it, and one may be tried again after some days.
 * - `backOff`: sends only untags until a wait is over; the wait grows with each refusal.
 * - `none`: sends the row again.
 */
type Memory = 'permanent' | 'backOff' | 'none';

interface RowClassRule {
  readonly result: 'acknowledged' | Extract<Outcome, 'suppressed' | 'throttled' | 'rejected' | 'unproven'>;
  readonly memory: Memory;
  /** The contact wants no mail: a new address of the same profile gets nothing either. */
  readonly isObjection?: true;
  /** The contact is no longer in the audience. */
  readonly isDeleted?: true;
  /** The cause may lie at Mailchimp, such as a merge field that changes: the same row is sent again after so many days. */
  readonly retryAfterDays?: number;
}

/** Every class that a row of a chunk can get, with the result that it counts as. `mailchimp/classify.ts` recognises the refusals. */
const ROW_CLASSES = {
  // Mailchimp refused the row
  fake: { result: 'rejected', memory: 'permanent' },
  address_blank: { result: 'rejected', memory: 'permanent' },
  address_invalid: { result: 'rejected', memory: 'permanent' },
  merge_field: { result: 'rejected', memory: 'permanent', retryAfterDays: 7 },
  sms: { result: 'rejected', memory: 'permanent' },
  schema: { result: 'rejected', memory: 'permanent' },
  exists: { result: 'rejected', memory: 'none' },
  plan_limit: { result: 'rejected', memory: 'none' },
  server_error: { result: 'rejected', memory: 'none' },
  unknown: { result: 'rejected', memory: 'none' },
  compliance: { result: 'suppressed', memory: 'permanent', isObjection: true },
  forgotten: { result: 'suppressed', memory: 'permanent', isObjection: true, isDeleted: true },
  cleaned: { result: 'suppressed', memory: 'permanent' },
  too_many_signups: { result: 'throttled', memory: 'backOff' },
  // The row may or may not have been applied
  no_answer: { result: 'unproven', memory: 'none' },
  unreadable: { result: 'unproven', memory: 'none' },
  chunk_refused: { result: 'unproven', memory: 'none' },
  chunk_failed: { result: 'unproven', memory: 'none' },
  untag_refused: { result: 'unproven', memory: 'none' },
  // The member was read back
  differs: { result: 'unproven', memory: 'none' },
  not_read_back: { result: 'unproven', memory: 'none' },
  resubscribed: { result: 'acknowledged', memory: 'none' },
} as const satisfies Record<string, RowClassRule>;

/** Why Mailchimp refused a row, or why it is not proven. @useDeclaredType */
export type RowClass = keyof typeof ROW_CLASSES;
export type RowResultKind = RowClassRule['result'];

/** A class with the result that it counts as, to be spread into a row's result. */
export interface ClassifiedRow<Class extends RowClass = RowClass> {
  readonly result: (typeof ROW_CLASSES)[Class]['result'];
  readonly class: Class;
}

export function classified<Class extends RowClass>(name: Class): ClassifiedRow<Class> {
  return { result: ROW_CLASSES[name].result, class: name };
}

/** What the next export does for a contact whose row was refused with the class, where no configuration says otherwise. */
export function memoryOf(name: RowClass): Pick<RowClassRule, 'memory' | 'retryAfterDays'> {
  return ROW_CLASSES[name];
}

/** Names of the classes that a condition holds for, e.g. for a list in SQL. */
export function rowClassesWhere(holds: (rule: RowClassRule) => boolean): readonly RowClass[] {
  return namesWhere<RowClass, RowClassRule>(ROW_CLASSES, holds);
}

/** Classes of rows that Mailchimp refused, and that count as rejected. */
export type RejectClass = {
  [Name in RowClass]: (typeof ROW_CLASSES)[Name]['result'] extends 'rejected' ? Name : never;
}[RowClass];

export function rejectClasses(): readonly RejectClass[] {
  return rowClassesWhere(({ result }) => result === 'rejected') as readonly RejectClass[];
}

interface WithheldClassRule {
  /** The address opted out by itself: the baseline keeps it, so that a new address of the same profile is withheld too. */
  readonly isOwnOptOut: boolean;
}

/** Why the plan withholds a contact: nothing is sent, and the outcome is `suppressed`. */
const WITHHELD_CLASSES = {
  archived: { isOwnOptOut: true },
  opted_out: { isOwnOptOut: true },
  opted_out_elsewhere: { isOwnOptOut: false },
  not_allowed: { isOwnOptOut: false },
  // A user put the address on the suppression list of the destination or of the account.
  suppression_list: { isOwnOptOut: false },
} as const satisfies Record<string, WithheldClassRule>;

/** Why a contact is withheld. @useDeclaredType */
export type WithheldClass = keyof typeof WITHHELD_CLASSES;

export function withheldClassesWhere(holds: (rule: WithheldClassRule) => boolean): readonly WithheldClass[] {
  return namesWhere<WithheldClass, WithheldClassRule>(WITHHELD_CLASSES, holds);
}

function namesWhere<Name extends string, Rule>(
  rules: Readonly<Record<Name, Rule>>,
  holds: (rule: Rule) => boolean,
): readonly Name[] {
  return (Object.keys(rules) as Name[]).filter((name) => holds(rules[name]));
}
