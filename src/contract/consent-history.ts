import type { Consent } from './destination';

/** A statement of a person about what leaves this system. */
export interface ConsentEvent {
  readonly event: 'agreed' | 'withdrawn';
  /** Name of the person. */
  readonly by: string;
  /** In ISO 8601 and UTC. */
  readonly at: string;
  /** Version of the statement that was agreed to. */
  readonly textVersion?: string;
  /** Why it was withdrawn, if the person said so. */
  readonly reason?: string;
}

/** A destination is not often agreed to; its store has all of them. */
const EVENTS_KEPT = 20;

/** Of a destination whose history begins with its present consent: version 0.4.0 and earlier kept no other. */
export function historyOf(consent: Consent | null): readonly ConsentEvent[] {
  if (!consent) return [];
  const { agreedBy, agreedAt, textVersion, withdrawnAt, withdrawnBy = '', withdrawnReason } = consent;
  const agreed = { event: 'agreed', by: agreedBy, at: agreedAt, textVersion } as const;
  if (withdrawnAt === undefined) return [agreed];
  return [withdrawal({ by: withdrawnBy, at: withdrawnAt, reason: withdrawnReason }), agreed];
}

export function withdrawal({
  by,
  at,
  reason,
}: {
  readonly by: string;
  readonly at: string;
  readonly reason: string | undefined;
}): ConsentEvent {
  return { event: 'withdrawn', by, at, ...(reason !== undefined && { reason }) };
}

/** Latest first. A person who agrees to the same again is one entry: a script may do so each night, and must push out no withdrawal. */
export function withEvent(history: readonly ConsentEvent[], event: ConsentEvent): readonly ConsentEvent[] {
  const [last, ...earlier] = history;
  const isSame =
    last?.event === event.event && last.by === event.by && last.textVersion === event.textVersion;
  return [event, ...(isSame ? earlier : history)].slice(0, EVENTS_KEPT);
}
