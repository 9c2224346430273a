import type { ExportNow } from '../contract/destination-view';
import type { ExportPhase, ExportView } from '../contract/export';
import type { Reason } from '../contract/reason';
import type { Guard, Held } from '../contract/guard';
import { NOT_ARCHIVED, type Leavers, type NotArchived } from '../contract/archiving';
import type { JobKind } from '../contract/job-kind';
import {
  describeDrift,
  describeInAudience,
  describeSample,
  describeVerified,
  verificationNotes,
} from './describe-drift';
import { describeForgotten } from './describe-forgotten';
import { describeUnmatched } from './describe-unmatched';
import { count, countOf, instant } from './format';
import { totalOf } from './progress';
import {
  MEMBER_STATUSES,
  OUTCOMES,
  type InvalidRule,
  type MemberStatus,
  type Outcome,
  type OutcomeCounts,
} from '../contract/outcome';
import type { ExportPlan, FieldWarning } from '../contract/plan';
import type { RejectCount } from '../contract/rejects';
import { isPlanned, kindOf, type ExportStatus, type ExportReport, type Tally } from '../contract/report';

// The wording of exports, shared by the command line, reports and the Web UI, so that all of them say the same.

const STATUS: Readonly<Record<ExportStatus, string>> = {
  completed: 'Completed: every profile has one outcome',
  planned: 'Planned. Nothing was sent; this is what an export would do',
  cancelled: 'Cancelled. Changes that Mailchimp had acknowledged stay and are counted here',
  denied: 'Denied. Nothing was sent',
  expired: 'Expired: it was not approved in time. Nothing was sent',
  replanned:
    'Planned again, because the plan was more than an hour old when it was approved. Nothing was sent',
  failed: 'Failed',
};

export const PHASE: Readonly<Record<ExportPhase, string>> = {
  preflight: 'Checking account, audience and tags',
  census: 'Reading the members of the audience',
  snapshot: 'Reading the source',
  planning: 'Planning the changes',
  held: 'Held',
  delivering: 'Delivering',
  settling: 'Settling: one outcome for every profile',
  comparing: 'Comparing the audience with what was exported',
  ...STATUS,
};

interface Numbered {
  readonly kind: JobKind;
  readonly number: number;
}

/** Each kind of job has numbers of its own. */
const JOB_NAMES: Readonly<Record<JobKind, { readonly title: string; readonly label: string }>> = {
  export: { title: 'Export', label: '' },
  plan: { title: 'Plan', label: 'p' },
  forget: { title: 'Forget', label: 'f' },
  verify: { title: 'Verification', label: 'v' },
};

/** "Export 3", or "Plan 2". */
export function jobTitle({ kind, number }: Numbered): string {
  return `${JOB_NAMES[kind].title} ${number}`;
}

/** The same in a table, as commands take it: "3", or "p2". */
export function jobLabel({ kind, number }: Numbered): string {
  return `${JOB_NAMES[kind].label}${number}`;
}

/** What each outcome means, as a report explains it. */
export const OUTCOME_MEANING: Readonly<Record<Outcome, string>> = {
  created: 'new to the audience',
  updated: 'already in the audience; fields or tags changed',
  unchanged: 'already in the audience; nothing to change, not sent',
  removed: 'left all segments; the tags of this destination were removed',
  archived: 'left all segments; its tags were removed, and it was archived',
  invalid: 'not sent: the source has no usable address or value',
  duplicate: 'not sent: another profile with the same address is used',
  suppressed: 'withheld, or permanently refused by Mailchimp',
  throttled: 'temporarily refused by Mailchimp; retried by a later export',
  rejected: 'refused by Mailchimp',
  unproven: 'sent, but without proof of the result; sent again by the next export',
  not_sent: 'not sent: the export was cancelled, denied or failed, or --limit was reached',
};

/** What each rule means that makes a profile `invalid`. */
export const INVALID_MEANING: Readonly<Record<string, string>> = {
  email_missing: 'no address',
  email_malformed: 'not an e-mail address',
  email_non_ascii_local_part: 'characters before the @ that Mailchimp does not accept',
  email_two_addresses: 'more than one address',
  email_too_long: 'the address is too long',
  required_field_empty: 'a merge field that the audience requires is empty',
  value_does_not_fit: 'a value does not fit its merge field',
} satisfies Record<InvalidRule, string>;

export const MEMBER_STATUS_MEANING: Readonly<Record<MemberStatus, string>> = {
  subscribed: 'receive campaigns',
  pending: 'have not confirmed yet',
  transactional: 'receive no campaigns',
  unsubscribed: 'opted out',
  cleaned: 'mail bounced',
  archived: 'archived',
};

/**
 * What an export does now, or why it does nothing and what to do. One line; for a held one, with `layout: 'in lines'`, which the Web UI
 * cannot show, guards and commands have a line each.
 */
export function describeState(
  view: Pick<ExportView, 'phase' | 'state' | 'isPaused' | 'ref'> &
    Partial<Pick<ExportView, 'failure' | 'kind'>>,
  { layout = 'in one line' }: { readonly layout?: Layout } = {},
): string {
  const { state, isPaused } = view;
  const { destinationId } = view.ref;
  const resume = `temporal-mailchimp export resume ${destinationId}`;
  const also = isPaused ? ', and paused' : '';
  switch (state.kind) {
    case 'stopped':
      return `Stopped${also}: ${describeReason(state.reason)} Then: ${resume}`;
    case 'waiting':
      return `Waiting${also}: ${describeReason(state.reason)} It retries by itself${describeRetry(state.retryAt)}${isPaused ? `, and sends nothing until: ${resume}` : '.'}`;
    case 'held': {
      const parts = describeHeld(destinationId, state.held, layout);
      const unpause = isPaused ? [`Once approved, it stays paused until: ${resume}`] : [];
      return `Held${also}:${[...parts, ...unpause].join(layout === 'in lines' ? '\n' : ' ')}`;
    }
    case 'cancelling':
      return state.failure
        ? `Failing: ${describeReason(state.failure)} ${WINDING_DOWN}`
        : `Cancelling. ${WINDING_DOWN}`;
    case 'paused':
      return `Paused: batches in flight finish, no further changes are sent until: ${resume}`;
    case 'running':
      return view.failure ? `${activityOf(view)}: ${describeReason(view.failure)}` : activityOf(view);
    default:
      return String(state satisfies never);
  }
}

/** A job that forgets a person has one step, and counts no outcomes. */
function activityOf({ kind, phase }: Pick<ExportView, 'phase'> & Partial<Pick<ExportView, 'kind'>>): string {
  return kind === 'forget' && phase === 'settling'
    ? 'Removing a person from the rows of the store'
    : PHASE[phase];
}

function describeRetry(retryAt: string | undefined): string {
  return retryAt === undefined ? '' : `, next at ${instant(retryAt)}`;
}

/** The state of an export in a list: "held since 2026-11-27 06:00:00 UTC, and paused". */
export function describeStateShortly({ state, isPaused }: ExportNow): string {
  const why = 'reason' in state ? ` (${state.reason.code})` : '';
  const also = isPaused && state.kind !== 'paused' ? ', and paused' : '';
  return `${state.kind}${why} since ${instant(state.since)}${also}`;
}

const WINDING_DOWN = 'Its batches at Mailchimp are deleted, and what was acknowledged is counted.';

/** A code and its message in one line. */
export function describeReason({ code, message }: Reason | Guard): string {
  return `${code}. ${oneLine(message)}`;
}

type Layout = 'in one line' | 'in lines';

/** Guards and commands, as parts that are joined as the layout says. */
function describeHeld(
  destinationId: string,
  { planId, until, guards, askedBy, needsSecondPerson }: Held,
  layout: Layout,
): readonly string[] {
  const command = (name: string) => `temporal-mailchimp export ${name} ${destinationId} --plan ${planId}`;
  const isApart = layout === 'in lines' && guards.length > 1;
  return [
    isApart ? guards.map((guard) => `\n  ${describeReason(guard)}`).join('') : ` ${describeGuards(guards)}`,
    `${askedBy === undefined ? '' : `Asked for by ${askedBy}. `}Nothing was sent. Until ${instant(until)}${needsSecondPerson ? ', by another person' : ''}: ${command('approve')}`,
    `or: ${command('deny')}`,
  ];
}

/** Why an export is held, with the numbers. */
export function describeGuards(guards: readonly Guard[]): string {
  return guards.map(describeReason).join(' ');
}

/** How an export ended; one line. */
export function describeStatus(report: ExportReport): string {
  const { status, isSettled, next, denial, verification } = report;
  if (verification) return `Completed. ${describeVerified(verification)}`;
  if (report.forgotten) return 'Completed: the person is removed from the rows of the store.';
  if (status === 'cancelled' && kindOf(report) === 'verify') return 'Cancelled.';
  if (status === 'cancelled' && kindOf(report) === 'forget')
    return 'Cancelled: a part may be removed. To remove the rest, repeat the command.';
  if (denial) return `Denied by ${denial.by}, ${instant(denial.at)}. Nothing was sent.`;
  if (status === 'cancelled' && !isSettled) return 'Cancelled before anything was sent.';
  const follow = next ? ` Export ${next.number} was started instead.` : '';
  return `${STATUS[status]}.${follow}`;
}

/** Why an export failed; one line. Empty when it did not. */
export function describeFailure({ status, failure }: Pick<ExportReport, 'status' | 'failure'>): string {
  return status === 'failed' && failure ? describeReason(failure) : '';
}

/** The plan and the progress of a running export, as names with values. */
export function describeProgress(view: ExportView): [string, string][] {
  const { plan, parts, refused, unproven, lane, state } = view;
  const since: [string, string] = ['In this state since', instant(state.since)];
  if (!plan) return [since, ['Requests', describeRequests(view)]];
  return [
    since,
    ['Profiles', describeSubjects(plan)],
    ['To send', describeToSend(plan)],
    ['Not to send', describeOutcomes(plan.decided)],
    [
      'Parts',
      `${parts.done} done, ${parts.submitted - parts.done} in flight, ${parts.total - parts.submitted} to go`,
    ],
    ['Problems', `${count(refused)} refused, ${count(unproven)} without proof`],
    ...rowOf('Lane', lane ? `${lane.current}: ${lane.why}` : ''),
    ['Requests', describeRequests(view)],
  ];
}

/** With the number that the progress counts up to: a contact that is written and loses two tags is three changes. */
function describeToSend(plan: ExportPlan): string {
  const { creates, updates, removals, archives = 0 } = plan;
  const total = totalOf(plan);
  const more =
    total === creates + updates + removals
      ? ''
      : ` (${count(total)} changes: to remove a tag is one of its own)`;
  return `${count(creates)} new, ${count(updates)} changed, ${count(removals)} to untag${archives > 0 ? `, ${count(archives)} of them to archive` : ''}${more}`;
}

/** The result of an export in short, as names with values. */
export function describeResult(report: ExportReport): [string, string][] {
  const { outcomes, guards, approval, askedBy, warnings, verification, forgotten } = report;
  if (verification)
    return [
      ...rowOf('Differ', describeDrift(verification)),
      ['Contacts', describeInAudience(verification)],
      ...rowOf('Notes', verificationNotes(verification).join(' ')),
    ];
  // One that was cancelled, or failed, says so in its status.
  if (kindOf(report) === 'forget') return forgotten ? describeForgotten(forgotten) : [];
  return [
    ['Profiles', describeSubjects(report)],
    ['Outcomes', describeOutcomes(outcomes)],
    ...rowOf('Uncertain', describeUncertain(report)),
    ...rowOf('Undo', describeUndo(report)),
    ...rowOf('Stays', describeRemains(report)),
    ...rowOf('Not archived', describeNotArchived(report)),
    ...rowOf('Archived, uncertain', describeUncertainArchived(report)),
    ...rowOf('Sent once', describeWithoutBaseline(report)),
    ...rowOf('Member statuses', describeMemberStatuses(report)),
    ...rowOf('Sample', report.sample ? describeSample(report.sample) : ''),
    ...rowOf('Warnings', warnings.map(describeWarning).join(' ')),
    ...rowOf('Unmatched', describeUnmatched(report.segments)),
    ...rowOf('Held because', describeGuards(guards)),
    ...rowOf('Asked for by', guards.length > 0 || approval ? (askedBy ?? '') : ''),
    ...rowOf('Approved by', approval ? describeApproval(approval) : ''),
  ];
}

export function describeApproval({ by, at }: NonNullable<ExportReport['approval']>): string {
  return `${by}, ${instant(at)}`;
}

export function describeWarning({ attribute, field, kind, count: values }: FieldWarning): string {
  switch (kind) {
    case 'cut':
      return `${countOf(values, 'value')} of ${attribute} cut to the 255 bytes that ${field} allows.`;
    case 'omitted':
      return `${countOf(values, 'value')} of ${attribute} left out, because ${values === 1 ? 'it does' : 'they do'} not fit ${field}.`;
    case 'kept':
      return `Mailchimp keeps ${countOf(values, 'earlier value')} of ${field}, because the value of ${attribute} does not fit now.`;
    case 'decimal_comma':
      return (
        `${countOf(values, 'value')} of ${attribute} with a decimal comma, so values such as 1.234 are not clear and are left out. ` +
        `Set decimal of ${field} in the configuration.`
      );
    case 'unread':
      return `${countOf(values, 'value')} of ${attribute} not read as a date, time or number, so these profiles are never the latest of an address.`;
    case 'unclear':
      return `${countOf(values, 'value')} of ${attribute} not read as yes or no, so ${values === 1 ? 'this person is' : 'these people are'} not added where new to the audience.`;
    default:
      return String(kind satisfies never);
  }
}

interface Subjects {
  readonly selected: number;
  readonly departed: number;
  readonly readdressed: number;
}

export function describeSubjects({ selected, departed, readdressed }: Subjects): string {
  const moved = readdressed > 0 ? ` (${count(readdressed)} of them replaced by a new address)` : '';
  return `${countOf(selected, 'profile')} selected, ${countOf(departed, 'address', 'addresses')} departed${moved}`;
}

/** How many of the created contacts may come from an earlier attempt. Empty when none may. */
export function describeUncertain(report: ExportReport): string {
  const { uncertain } = report;
  if (uncertain === 0) return '';
  const verb = isPlanned(report) ? 'to be created' : 'created';
  return `${count(uncertain)} of those ${verb} may already be in the audience, from an earlier attempt without an answer.`;
}

/** What becomes of contacts that leave all segments. */
export const LEAVERS_MEANING: Readonly<Record<Leavers, string>> = {
  untag: 'lose the tags of this destination',
  archive: 'lose the tags of this destination, and are archived where it created them',
  keep: 'keep their tags',
};

/** Why a contact that has left was not archived. */
const NOT_ARCHIVED_MEANING: Readonly<Record<NotArchived, string>> = {
  not_created: 'not provably created by this destination',
  opted_out: 'opted out or bounced',
  pending: 'has not confirmed yet',
  foreign_tags: 'carries a tag of others',
  already_archived: 'archived already',
  not_in_audience: 'not in the audience',
  refused_by_mailchimp: 'Mailchimp refused it',
};

/** Those that lost their tags only, where they were to be archived. Empty: none. */
export function describeNotArchived({ notArchived = {} }: Pick<ExportReport, 'notArchived'>): string {
  return NOT_ARCHIVED.flatMap((why) => {
    const contacts = notArchived[why] ?? 0;
    return contacts > 0 ? [`${count(contacts)} ${NOT_ARCHIVED_MEANING[why]}`] : [];
  }).join(', ');
}

/** What an undo does, or has done, in one line. Empty for any other export. */
export function describeUndo({ undo, status }: Pick<ExportReport, 'undo' | 'status'>): string {
  if (!undo) return '';
  return isPlanned({ status })
    ? `It would take back export ${undo.number}.`
    : `Takes back export ${undo.number}, by ${undo.by}.`;
}

/** What an undo cannot take back. Empty for any other export, and where there is nothing. */
export function describeRemains({ remains }: Pick<ExportReport, 'remains'>): string {
  if (!remains) return '';
  const { overwritten, forgotten, reached } = remains;
  return [
    ...(overwritten > 0
      ? [
          `${countOf(overwritten, 'contact')} had been in the audience, and not in the baseline: what the matched fields had then is not known, and they keep their values.`,
        ]
      : []),
    ...(forgotten > 0
      ? [
          `Of ${countOf(forgotten, 'contact')}, what earlier exports had sent is no longer known: they keep their values, and get no tag back.`,
        ]
      : []),
    ...(reached > 0
      ? [
          `${countOf(reached, 'contact')} were added or tagged by the export: mails that were sent and journeys that were started since stay.`,
        ]
      : []),
  ].join(' ');
}

/** Empty: none. */
export function describeUncertainArchived({
  uncertainArchived = 0,
}: Pick<ExportReport, 'uncertainArchived'>): string {
  if (uncertainArchived === 0) return '';
  return (
    `${count(uncertainArchived)} of those archived were found in the archive after a step had been cut off, so another tool may have archived them: ` +
    'they do not come back by themselves.'
  );
}

/**
 * Why a plan without a baseline updates every contact that the audience has, such as that of a destination which was removed and connected
 * again. Empty for any other. A census reads who is in the audience, and not their fields, which would be a request for each contact's data.
 */
export function describeWithoutBaseline(report: ExportReport): string {
  const { outcomes, baselineSize, gone = 0 } = report;
  if (!isPlanned(report) || outcomes.updated === 0 || baselineSize + gone > 0) return '';
  // A baseline whose addresses all have adopted tags only has the size 0 too. Only a baseline can show that nothing changed.
  if ([outcomes.unchanged, outcomes.removed, outcomes.archived].some((subjects) => subjects > 0)) return '';
  return (
    `The baseline is empty, so what ${countOf(outcomes.updated, 'contact')} of the audience have is not known: ` +
    'each is sent once, also where nothing changes.'
  );
}

/** The addresses of a baseline that are in the audience, and those known not to be. */
export function describeBaseline({
  size,
  gone = 0,
  optedOut = 0,
}: {
  readonly size: number;
  readonly gone?: number;
  readonly optedOut?: number;
}): string {
  const apart = gone > 0 ? `, and ${count(gone)} known to be archived or deleted in Mailchimp` : '';
  const without = optedOut > 0 ? `, of which ${count(optedOut)} have opted out` : '';
  return `${countOf(size, 'address', 'addresses')}${without}${apart}`;
}

export function describeRequests({ requests, batches }: { requests: number; batches: number }): string {
  return `${count(requests)}, ${countOf(batches, 'batch', 'batches')}`;
}

/** More than the contacts that were sent, where a contact was written and lost tags as well. */
export function describeLanes({ batch, direct, why }: NonNullable<Tally['lanes']>): string {
  const lanes = [
    ...(batch > 0 ? [`${countOf(batch, 'row')} in batches`] : []),
    ...(direct > 0 ? [`${countOf(direct, 'row')} directly`] : []),
  ];
  return `${lanes.join(', ')} (${why}). A row writes one contact, or removes one tag from one contact.`;
}

/** Those that are not zero. */
export function describeOutcomes(outcomes: Partial<OutcomeCounts>): string {
  const counted = OUTCOMES.flatMap((name) => {
    const { [name]: profiles = 0 } = outcomes;
    return profiles > 0 ? [`${count(profiles)} ${name}`] : [];
  });
  return counted.join(', ') || 'none';
}

export function describeRejects({ selected, rejects }: RejectCount): string {
  return `${count(rejects)} of ${countOf(selected, 'profile')} are invalid, refused, throttled or unproven`;
}

function describeMemberStatuses({ memberStatuses }: ExportReport): string {
  const found = MEMBER_STATUSES.filter((status) => memberStatuses[status] > 0);
  return found.map((status) => `${count(memberStatuses[status])} ${status}`).join(', ');
}

function rowOf(name: string, value: string): [string, string][] {
  return value === '' ? [] : [[name, value]];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
