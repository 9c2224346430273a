import type { ExportPhase, ExportView, Trouble } from '../contract/export';
import type { Guard, Held } from '../contract/guard';
import { count, countOf, instant } from './format';
import {
  MEMBER_STATUSES,
  OUTCOMES,
  type MemberStatus,
  type Outcome,
  type OutcomeCounts,
} from '../contract/outcome';
import type { FieldWarning } from '../contract/plan';
import type { ExportStatus, ExportReport, Tally } from '../contract/report';

// What the command line prints and the Web UI shows of an export: one source of words, so that both tell the same.

const STATUS: Readonly<Record<ExportStatus, string>> = {
  completed: 'Completed: every profile has one outcome',
  planned: 'Planned. Nothing was sent; this is what an export would do',
  cancelled: 'Cancelled. What Mailchimp had acknowledged stays, and is counted here',
  denied: 'Denied. Nothing was sent',
  expired: 'Expired: nobody approved it in time. Nothing was sent',
  replanned: 'Planned again, since the approval came late. Nothing was sent',
  failed: 'Failed',
};

export const PHASE: Readonly<Record<ExportPhase, string>> = {
  preflight: 'Checking account, audience and tags',
  census: 'Reading who is in the audience, and who has opted out',
  snapshot: 'Reading the source',
  planning: 'Working out what has changed',
  held: 'Held',
  delivering: 'Delivering',
  settling: 'Settling: one outcome for every profile',
  ...STATUS,
};

/** What each outcome means, for people who read a report. */
export const OUTCOME_MEANING: Readonly<Record<Outcome, string>> = {
  created: 'new to the audience',
  updated: 'known, and something of ours changed',
  unchanged: 'known, and nothing of ours differs; nothing was sent',
  removed: 'left all segments, and lost our tags',
  invalid: 'not sent: the source has no usable address or value',
  duplicate: 'not sent: another profile with the same address was',
  suppressed: 'withheld, or refused by Mailchimp for good',
  throttled: 'refused by Mailchimp for now; tried again later',
  rejected: 'refused by Mailchimp',
  unproven: 'sent, but Mailchimp did not prove what became of it; sent again next time',
  not_sent: 'not sent: the export was stopped or denied, or beyond --limit',
};

export const MEMBER_STATUS_MEANING: Readonly<Record<MemberStatus, string>> = {
  subscribed: 'get campaigns',
  pending: 'have not confirmed yet',
  transactional: 'get no campaigns',
  unsubscribed: 'opted out',
  cleaned: 'mail bounced',
  archived: 'archived',
};

/** What an export does now, or why it does nothing and what to do; one line. */
export function describeState({ phase, state, ref }: Pick<ExportView, 'phase' | 'state' | 'ref'>): string {
  const { destinationId } = ref;
  switch (state.kind) {
    case 'stopped':
      return `Stopped: ${describeTrouble(state.reason)} Then: temporal-mailchimp export resume ${destinationId}`;
    case 'waiting':
      return `Waiting: ${describeTrouble(state.reason)} It retries by itself.`;
    case 'held':
      return `${describeHeld(state.held)} ${describeDecision(destinationId, state.held)}`;
    case 'cancelling':
      return state.failure
        ? `Failing: ${describeTrouble(state.failure)} ${WINDING_DOWN}`
        : `Cancelling. ${WINDING_DOWN}`;
    case 'paused':
      return `Paused: batches at Mailchimp finish, nothing new is sent until: temporal-mailchimp export resume ${destinationId}`;
    default:
      return PHASE[phase];
  }
}

const WINDING_DOWN = 'Its batches at Mailchimp are deleted, and what was acknowledged is counted.';

function describeTrouble({ code, message }: Trouble): string {
  return `${code}. ${oneLine(message)}`;
}

function describeHeld({ guards }: Held): string {
  return `Held: ${describeGuards(guards)} Nothing was sent.`;
}

function describeDecision(destinationId: string, { planId, until }: Held): string {
  const verb = (name: string) => `temporal-mailchimp export ${name} ${destinationId} --plan ${planId}`;
  return `Until ${instant(until)}: ${verb('approve')} or: ${verb('deny')}`;
}

/** Why an export is held, with the numbers. */
export function describeGuards(guards: readonly Guard[]): string {
  return guards.map(({ code, message }) => `${code}. ${oneLine(message)}`).join(' ');
}

/** How an export ended; one line. */
export function describeStatus({ status, isSettled, next }: ExportReport): string {
  if (status === 'cancelled' && !isSettled) return 'Cancelled before anything was sent.';
  const follow = next ? ` Export ${next.number} was started instead.` : '';
  return `${STATUS[status]}.${follow}`;
}

/** What an export knows and does while it runs: names with their values. */
export function describeProgress(view: ExportView): [string, string][] {
  const { plan, parts, refused, unproven, lane } = view;
  if (!plan) return [['Requests', describeRequests(view)]];
  return [
    ['Profiles', describeSubjects(plan)],
    [
      'To send',
      `${count(plan.creates)} new, ${count(plan.updates)} changed, ${count(plan.removals)} to untag`,
    ],
    ['Not to send', describeOutcomes(plan.decided)],
    [
      'Parts',
      `${parts.done} done, ${parts.submitted - parts.done} at Mailchimp, ${parts.total - parts.submitted} to go`,
    ],
    ['So far', `${count(refused)} refused, ${count(unproven)} without proof`],
    ...rowOf('Lane', lane ? `${lane.current}: ${lane.why}` : ''),
    ['Requests', describeRequests(view)],
  ];
}

/** What became of an export, in short: names with their values. */
export function describeResult(report: ExportReport): [string, string][] {
  const { outcomes, guards, approval, warnings } = report;
  return [
    ['Profiles', describeSubjects(report)],
    ['Outcomes', describeOutcomes(outcomes)],
    ...rowOf('Uncertain', describeUncertain(report)),
    ...rowOf('Member statuses', describeMemberStatuses(report)),
    ...rowOf('Warnings', warnings.map(describeWarning).join(' ')),
    ...rowOf('Held because', describeGuards(guards)),
    ...rowOf('Approved by', approval ? describeApproval(approval) : ''),
  ];
}

export function describeApproval({ by, at }: NonNullable<ExportReport['approval']>): string {
  return `${by}, ${instant(at)}`;
}

export function describeWarning({ attribute, field, kind, count: values }: FieldWarning): string {
  return kind === 'cut'
    ? `${countOf(values, 'value')} of ${attribute} cut to the 255 bytes that ${field} takes.`
    : `${countOf(values, 'value')} of ${attribute} left out, since they do not fit ${field}.`;
}

interface Subjects {
  readonly selected: number;
  readonly departed: number;
  readonly readdressed: number;
}

export function describeSubjects({ selected, departed, readdressed }: Subjects): string {
  const moved = readdressed > 0 ? ` (${count(readdressed)} of them have a new one)` : '';
  return `${countOf(selected, 'profile')} selected, ${countOf(departed, 'address', 'addresses')} departed${moved}`;
}

/** Of the created, those that may be there since an earlier attempt. Empty where there are none. */
export function describeUncertain({ uncertain, status }: ExportReport): string {
  if (uncertain === 0) return '';
  const verb = status === 'planned' ? 'to be created' : 'created';
  return `${count(uncertain)} of those ${verb} may be there already, by an earlier attempt without an answer.`;
}

export function describeRequests({ requests, batches }: { requests: number; batches: number }): string {
  return `${count(requests)}, ${countOf(batches, 'batch', 'batches')}`;
}

export function describeLanes({ batch, direct, why }: NonNullable<Tally['lanes']>): string {
  const ways = [
    ...(batch > 0 ? [`${countOf(batch, 'change')} in batches`] : []),
    ...(direct > 0 ? [`${countOf(direct, 'change')} directly`] : []),
  ];
  return `${ways.join(', ')} (${why})`;
}

function describeOutcomes(outcomes: OutcomeCounts): string {
  const counted = OUTCOMES.filter((name) => outcomes[name] > 0);
  return counted.map((name) => `${count(outcomes[name])} ${name}`).join(', ') || 'nobody';
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
