import { expect, test } from '@jest/globals';
import { interruptSteps, STEPS } from './interrupted-step';

test('an export that is interrupted in any of its steps loses no contact, and the next one recovers', async () => {
  expect(await interruptSteps(STEPS)).toEqual([]);
}, 600_000);
