import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from '@jest/globals';
import { type ActivityDependencies, createActivities } from '../../src/activities';
import { openAt, serve } from '../mailchimp/support';

test('no further tag is created once Mailchimp has refused one', async () => {
  const baseUrl = await serve((request, response) => {
    request.resume();
    response
      .writeHead(401, { 'content-type': 'application/problem+json' })
      .end('{"title":"API Key Invalid"}');
  });
  const account = openAt(baseUrl);
  const dependencies = {
    staging: { checkClaim: () => Promise.resolve() },
    openAccount: () => Promise.resolve(account),
  } as unknown as ActivityDependencies;
  const steps = createActivities(() => Promise.resolve(dependencies));
  const segments = Array.from({ length: 100 }, (_, n) => ({
    segment: `s${n}`,
    tag: `Tag ${n}`,
    tagId: null,
  }));
  const input = { ref: {}, account: 'main', audienceId: 'a1', request: { segments }, missingTags: 'create' };
  const step = steps['mailchimp.planExport'] as (input: unknown) => Promise<unknown>;
  await expect(new MockActivityEnvironment().run(step, input)).rejects.toMatchObject({
    type: 'KEY_INVALID',
  });
  expect(account.requests()).toBeLessThanOrEqual(10);
});
