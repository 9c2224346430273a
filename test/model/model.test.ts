import { useStepStage } from './step-stage';
import { expect, test } from '@jest/globals';
import { DEFAULT_SWITCHES } from '../../src/sandbox';
import { checkCases } from './check-cases';
import { OTHER_ENDS, UNUSABLE } from './conditions';
import { runCase } from './run-case';

/** Switches that describe an account, not an open question about Mailchimp. */
const OF_AN_ACCOUNT: readonly string[] = [
  'tagNameMax',
  'contactLimit',
  'batchOperationsMax',
  'role',
  'premium',
  'keysRevoked',
  'revokedKeys',
  'accountDisabled',
  'tokensRevoked',
  'signInAnswer',
  'appSecret',
  'appRedirectUri',
  'signInCodeSeconds',
];

const open = useStepStage();

test('the model covers every open question about Mailchimp', () => {
  const names = [...OTHER_ENDS, ...UNUSABLE].flatMap((ends) => Object.keys(ends));
  expect(Object.keys(DEFAULT_SWITCHES).filter((name) => !names.includes(name))).toEqual(OF_AN_ACCOUNT);
});

/** Every seventh: a case takes seconds. All of them, with many cases each: model.release.test.ts. */
const SOME_ENDS = OTHER_ENDS.filter((_, index) => index % 7 === 0);

test.each(SOME_ENDS)(
  'audience, outcomes and baseline are those of the model where Mailchimp has %j',
  async (switches) => {
    const seen = await checkCases(1, (given) => runCase({ ...given, switches }, open));
    expect(seen.size).toBeGreaterThan(0);
  },
);
