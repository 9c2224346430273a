import { expect, test } from '@jest/globals';
import { EVERY_STEP, interruptSteps } from './interrupted-step';

test('an export that is interrupted in any of its steps loses no contact, and the next one recovers', async () => {
  expect(await interruptSteps(EVERY_STEP)).toEqual([]);
}, 600_000);
