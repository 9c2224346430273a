import { useStepStage } from './step-stage';
import { expect, test } from '@jest/globals';
import { OUTCOMES } from '../../src/contract/outcome';
import { withoutOptOut } from './arbitrary';
import { checkCases } from './check-cases';
import { allEnds, UNUSABLE } from './conditions';
import { RARE_OUTCOMES } from './rare-outcomes';
import { runCase, runFirstExport } from './run-case';

/** In each of them, about four exports. `MODEL_RUNS` asks for more. */
const RUNS = 26;
const UNUSABLE_RUNS = 3;

const open = useStepStage();

test.each(Object.entries(RARE_OUTCOMES))(
  'an export that ends with %s is that of the model',
  async (outcome, given) => {
    expect(await runCase(given, open)).toContain(outcome);
  },
);

test('audience, outcomes and baseline are those of the model after each step, with every outcome and switch', async () => {
  const seen = await checkCases(RUNS, (given) => runCase(given, open));
  // Chosen runs are to find what differs: they may be few.
  if (process.env['MODEL_RUNS']) return;
  const expected = [...OUTCOMES.filter((outcome) => !(outcome in RARE_OUTCOMES)), ...allEnds()];
  expect(expected.filter((what) => !seen.has(what))).toEqual([]);
}, 900_000);

test.each(UNUSABLE)('where Mailchimp has %j, only the canary is changed', async (switches) => {
  const seen = await checkCases(UNUSABLE_RUNS, async (given) => {
    const people = given.people.map((seed) => withoutOptOut(seed));
    return runFirstExport({ ...given, people, switches }, open);
  });
  expect(seen.get('PROVIDER_DIFFERS')).toBeGreaterThan(0);
});
