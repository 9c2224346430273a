import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { callMailchimp } from '../support/mailchimp';
import { AUDIENCE, openStage, person, type Stage } from '../support/stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

test('an export changes neither the language nor the kind of mail that contacts have chosen', async () => {
  const { email } = person(1);
  const member = `/lists/${AUDIENCE}/members/${encodeURIComponent(email)}`;
  const chosen = { email_type: 'text', language: 'fr', status: 'subscribed' };
  await callMailchimp(stage.sandbox, `POST /lists/${AUDIENCE}/members`, { email_address: email, ...chosen });
  await stage.writeProfiles([person(1), person(2)]);
  await stage.writeMembers([
    [person(1).id, 'vip'],
    [person(2).id, 'vip'],
  ]);
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    const report = await stage.export();
    expect(report.outcomes).toMatchObject({ updated: 1, created: 1 });
  });
  expect(await callMailchimp(stage.sandbox, `GET ${member}`)).toMatchObject({
    ...chosen,
    merge_fields: { FNAME: person(1).first },
  });
});
