import type { Case, Seed } from './arbitrary';
import { PLAIN_EXPORT } from './steps';

const PERSON: Seed = {
  kind: 'ordinary',
  dirt: 'clean',
  values: { FNAME: 'Ann', AGE: '7' },
  segments: ['alpha'],
  member: null,
};

const CASE = {
  people: [PERSON, PERSON, { ...PERSON, kind: 'throttled' }],
  segments: 1,
  statusIfNew: 'subscribed',
  isNameRequired: false,
  holdsRemovals: false,
  switches: {},
} as const satisfies Omit<Case, 'steps'>;

const leave = { person: 0, change: { to: 'segments', segments: [] } } as const;

/** Outcomes that some thirty random cases may lack. */
export const RARE_OUTCOMES: Readonly<Record<'throttled' | 'archived' | 'unproven', Case>> = {
  throttled: { ...CASE, steps: [PLAIN_EXPORT] },
  archived: {
    ...CASE,
    leavers: 'archive',
    steps: [PLAIN_EXPORT, { do: 'profiles', changes: [leave] }],
  },
  // Mailchimp does not take the update, and does not say so.
  unproven: {
    ...CASE,
    people: [
      PERSON,
      { ...PERSON, member: { status: 'unsubscribed', tags: [], values: { FNAME: 'Theirs', AGE: '' } } },
    ],
    switches: { optedOutTakesUpdates: false, unchangedRowInReply: false },
    steps: [PLAIN_EXPORT],
  },
};
