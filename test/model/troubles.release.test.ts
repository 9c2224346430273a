import { expect, test } from '@jest/globals';
import type { Case, Seed } from './arbitrary';
import { TROUBLES } from './conditions';
import { runCase } from './run-case';
import { PLAIN_EXPORT, PLAIN_ORDER } from './steps';
import { useStepStage } from './step-stage';

const open = useStepStage();

const PERSON: Seed = {
  kind: 'ordinary',
  dirt: 'clean',
  values: { FNAME: 'Ann', AGE: '7' },
  segments: ['alpha'],
  member: null,
};

/** More people than a canary takes, so that a batch follows; some lose a tag in the second export. */
const CASE: Omit<Case, 'steps'> = {
  people: Array.from({ length: 12 }, () => PERSON),
  segments: 1,
  statusIfNew: 'subscribed',
  isNameRequired: false,
  holdsRemovals: false,
  switches: {},
};

test.each(Object.keys(TROUBLES))('an export recovers from %s', async (trouble) => {
  const order = { ...PLAIN_ORDER, lane: 'batch', trouble } as const;
  const leave = { person: 11, change: { to: 'segments', segments: [] } } as const;
  const outcomes = await runCase(
    {
      ...CASE,
      steps: [{ do: 'export', order }, { do: 'profiles', changes: [leave] }, PLAIN_EXPORT],
    },
    open,
  );
  expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(12);
  expect(outcomes).toContain('removed');
});
