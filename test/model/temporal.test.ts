import { expect, test } from '@jest/globals';
import { checkThroughTemporal } from './through-temporal';

test('audience, outcomes and baseline are those of the model through Temporal', async () => {
  expect(await checkThroughTemporal(2)).toEqual([]);
}, 400_000);
