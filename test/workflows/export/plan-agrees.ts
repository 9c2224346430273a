import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ExportReport } from '../../../src/contract/report';
import type { Act } from '../../../src/sandbox/model/act';
import {
  AUDIENCE,
  CROWD,
  CROWD_MEMBERS,
  openStage,
  person,
  type ProfileRow,
  type Stage,
} from '../../support/stage';

export let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  await stage.writeMembers(CROWD_MEMBERS);
});
afterAll(() => stage.close());

const act = (number: number, action: Act['action']) =>
  stage.sandbox.control.act({ audience: AUDIENCE, email: person(number).email, action });

/** The numbers that a plan promises, and an export reports. */
export const numbers = ({ selected, departed, outcomes, segments, invalid, readdressed }: ExportReport) => ({
  selected,
  departed,
  outcomes,
  invalid,
  readdressed,
  segments: segments.map(({ segment, profiles, tagged, untagged }) => ({
    segment,
    profiles,
    tagged,
    untagged,
  })),
});

let profiles: ProfileRow[] = [...CROWD];
export const change = (number: number, row: Partial<ProfileRow>) => {
  profiles = profiles.map((one) => (one.id === person(number).id ? { ...one, ...row } : one));
};

export const writeProfiles = () => stage.writeProfiles(profiles);

interface Case {
  readonly happens: string;
  readonly since: () => void | Promise<void>;
  readonly outcomes: Partial<ExportReport['outcomes']>;
}

/** In this order: each finds the audience as the case before it has left it. */
export const CASES: readonly Case[] = [
  { happens: 'nothing was exported yet', since: () => undefined, outcomes: { created: 8 } },
  { happens: 'nothing', since: () => undefined, outcomes: { unchanged: 8 } },
  {
    happens: 'a field changes',
    since: () => change(1, { first: 'Ann' }),
    outcomes: { updated: 1, unchanged: 7 },
  },
  {
    happens: 'a member is archived, and nothing of it changes',
    since: () => act(2, 'archive'),
    outcomes: { suppressed: 1, unchanged: 7 },
  },
  {
    happens: 'the archived member changes in the source',
    since: () => change(2, { first: 'Bea' }),
    outcomes: { suppressed: 1, unchanged: 7 },
  },
  {
    happens: 'a member opts out and changes',
    since: () => {
      act(3, 'unsubscribe');
      change(3, { first: 'Cem' });
    },
    outcomes: { updated: 1, suppressed: 1, unchanged: 6 },
  },
  {
    happens: 'the archived member leaves all segments',
    since: () => stage.writeMembers(CROWD_MEMBERS.filter(([id]) => id !== person(2).id)),
    outcomes: { suppressed: 1, unchanged: 7 },
  },
  {
    happens: 'another member leaves, and one has no address now',
    since: async () => {
      await stage.writeMembers(CROWD_MEMBERS.slice(3));
      change(5, { email: 'none' });
    },
    outcomes: { removed: 3, suppressed: 1, invalid: 1, unchanged: 4 },
  },
  {
    happens: 'a member is deleted permanently, and nothing of it changes',
    since: () => act(6, 'delete-permanent'),
    outcomes: { suppressed: 1, invalid: 1, unchanged: 4 },
  },
];

/** Runs cases from the first on. */
export function comparePlans(cases: readonly Case[]): void {
  test.each(cases)('$happens', async ({ since, outcomes }) => {
    await since();
    await writeProfiles();
    await stage.withWorker(async () => {
      if (outcomes.created) {
        await stage.connect();
        await stage.configure();
      }
      const planned = await stage.plan({ allowMassRemoval: true });
      const exported = await stage.export({ allowMassRemoval: true });
      expect([planned.status, exported.status]).toEqual(['planned', 'completed']);
      expect(numbers(planned)).toEqual(numbers(exported));
      const found = Object.entries(exported.outcomes).filter(([, count]) => count > 0);
      expect(Object.fromEntries(found)).toEqual(outcomes);
    });
  });
}
