import type { Reason } from '../contract/reason';
import type { SkipReason } from '../contract/refresh';
import type { ExportErrorCode } from '../errors';

interface WhySkipped {
  /** After "it", or the name of the destination. */
  readonly what: string;
  /** What to do, before a colon and the command, or a full stop. Undefined: nothing. */
  readonly todo?: string;
  /** Of the command that does it, without the name of the destination. */
  readonly command?: string;
  /** A refresh names it among those that need a person. */
  readonly needsPerson?: true;
  /** With these codes a destination refuses a request for this reason; the first is the one of a request that asks for one export. */
  readonly codes: readonly ExportErrorCode[];
}

/** Why a destination is not asked for an export: the same words for a refresh, for a request, and for an export of a workflow. */
const WHY_SKIPPED: Readonly<Record<SkipReason, WhySkipped>> = {
  source_unchanged: { what: 'has nothing new since its last complete export', codes: [] },
  not_configured: {
    what: 'has no data matching and no segments yet',
    todo: 'Configure it',
    command: 'destination configure',
    needsPerson: true,
    codes: ['NOT_CONFIGURED'],
  },
  consent_withdrawn: {
    what: 'has no consent: it was withdrawn',
    todo: 'Give it again',
    command: 'destination give-consent',
    // The second one is that of a destination of version 0.4.0.
    codes: ['CONSENT_WITHDRAWN', 'CONSENT_REQUIRED'],
  },
  removed: {
    what: 'has been removed',
    todo: 'Connect it again to use it',
    codes: ['DESTINATION_REMOVED'],
  },
  not_found: {
    what: 'does not exist',
    todo: 'Check the name with temporal-mailchimp destination list, or connect it first',
    needsPerson: true,
    codes: ['DESTINATION_NOT_FOUND', 'NOT_CONNECTED'],
  },
  busy: {
    what: 'has an export with other options that runs, and another one that is queued',
    todo: 'See what they wait for',
    command: 'export list',
    codes: ['DESTINATION_BUSY'],
  },
};

export function needsPerson(why: SkipReason): boolean {
  return WHY_SKIPPED[why].needsPerson === true;
}

/** "it has been removed"; with what to do, where a person is needed. */
export function describeSkipped(why: SkipReason, destinationId: string): string {
  const { what, todo, command } = WHY_SKIPPED[why];
  if (!needsPerson(why) || todo === undefined) return `it ${what}`;
  return `it ${what}. ${todo}${commandOf(command, destinationId)}`;
}

/** For a request for one export, which fails where a refresh skips. */
export function refusalFor(why: SkipReason, destinationId: string): Reason {
  const { what, todo, command, codes } = WHY_SKIPPED[why];
  const then = todo === undefined ? '' : ` ${todo}${commandOf(command, destinationId) || '.'}`;
  return {
    code: codes[0] ?? 'UNEXPECTED',
    message: `The destination "${destinationId}" ${what}.${then}`,
  };
}

/** Why a refresh skips a destination that refuses its request; undefined: it has failed. */
export function skipFor(code: ExportErrorCode): SkipReason | undefined {
  const found = Object.entries(WHY_SKIPPED).find(([, { codes }]) => codes.includes(code));
  return found?.[0] as SkipReason | undefined;
}

function commandOf(command: string | undefined, destinationId: string): string {
  return command === undefined ? '' : `: temporal-mailchimp ${command} ${destinationId}`;
}
