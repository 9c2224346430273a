import { expect, test } from '@jest/globals';
import { interruptSteps } from './interrupted-step';

/** One step before anything is sent, and one while a batch is at Mailchimp; all steps: interrupted-at-each-step.long.test.ts. */
test('an export that is interrupted before or after it sends loses no contact, and the next one recovers', async () => {
  const wrong = await interruptSteps([
    { step: 'planExport', workflow: 'destination' },
    { step: 'collectPart', workflow: 'export' },
  ]);
  expect(wrong).toEqual([]);
}, 300_000);
