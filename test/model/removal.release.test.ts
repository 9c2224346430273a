import { expect, test } from '@jest/globals';
import type { Case, Seed } from './arbitrary';
import { checkCases } from './check-cases';
import { runCase } from './run-case';
import { PLAIN_EXPORT, PLAIN_ORDER, type Step } from './steps';
import { useStepStage } from './step-stage';

const open = useStepStage();

const PERSON: Seed = {
  kind: 'ordinary',
  dirt: 'clean',
  values: { FNAME: 'Ann', AGE: '7' },
  segments: ['alpha'],
  member: null,
};
const THERE_BEFORE: Seed = {
  ...PERSON,
  member: { status: 'subscribed', tags: ['Other'], values: { FNAME: 'Theirs', AGE: '' } },
};
const CASE: Omit<Case, 'steps'> = {
  people: [PERSON, PERSON, THERE_BEFORE, PERSON],
  segments: 1,
  statusIfNew: 'subscribed',
  isNameRequired: false,
  holdsRemovals: false,
  switches: {},
};

const act = (person: number, action: 'unsubscribe' | 'tag'): Step => ({
  do: 'act',
  person,
  action,
  tag: 'Other',
});
const remove = (removal: 'untag' | 'archive', more = {}): Step => ({
  do: 'export',
  order: { ...PLAIN_ORDER, removal, ...more },
});

test.each([
  ['untag', 'removed'],
  ['archive', 'archived'],
] as const)('a destination is removed with %s, and what it knew is forgotten', async (removal, outcome) => {
  const steps = [PLAIN_EXPORT, act(1, 'unsubscribe'), act(3, 'tag'), remove(removal)];
  const outcomes = await runCase({ ...CASE, steps }, open);
  expect(outcomes).toContain(outcome);
});

test('a removal that is denied, cancelled or has lost a reply leaves the destination, and is repeated', async () => {
  const steps = [
    PLAIN_EXPORT,
    remove('untag', { allowMassRemoval: false, answer: 'denied' }),
    remove('archive', { cancelled: 'before all' }),
    remove('archive', { lane: 'batch', trouble: 'a lost reply to the untagging' }),
    remove('archive'),
  ];
  expect(await runCase({ ...CASE, steps }, open)).toContain('archived');
});

test('a destination that is removed with its contacts kept is connected again without them', async () => {
  const steps: Step[] = [PLAIN_EXPORT, { do: 'remove' }, act(0, 'unsubscribe'), PLAIN_EXPORT];
  expect(await runCase({ ...CASE, steps }, open)).toContain('created');
});

test('removals among random exports, leavers and people who act come to what the model says', async () => {
  const seen = await checkCases(2, (given) =>
    runCase({ ...given, steps: given.steps.flatMap(withRemoval) }, open),
  );
  expect(seen.size).toBeGreaterThan(0);
});

/** After every third step. */
function withRemoval(step: Step, index: number): Step[] {
  return index % 3 === 2 ? [step, remove(index % 2 === 0 ? 'archive' : 'untag')] : [step];
}
