import { expect, test } from '@jest/globals';
import { interruptSteps } from './interrupted-step';

/** A step while a batch is at Mailchimp; all steps: interrupted-at-each-step.release.test.ts. */
test('an export that is interrupted while it sends loses no contact, and the next one recovers', async () => {
  expect(await interruptSteps([{ step: 'collectPart', workflow: 'export' }])).toEqual([]);
});
