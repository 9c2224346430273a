import { expect, test } from '@jest/globals';
import { checkThroughTemporal } from './through-temporal';

test('audience, outcomes and baseline are those of the model through Temporal in many cases', async () => {
  expect(await checkThroughTemporal(12)).toEqual([]);
}, 400_000);
