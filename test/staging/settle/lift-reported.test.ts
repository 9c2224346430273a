import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { REJECT_CLASSES } from '../../../src/contract/reject-policy';
import { classified } from '../../../src/contract/row-class';
import { acknowledge, emailsOf, exportAll, openStage, type Respond, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const person = (key: string) => ({ key, email: `${key}@mail.test`, first: key, segments: ['vip'] });
const PEOPLE = ['anna', 'bob', 'cy'].map(person);
const refuse =
  (...names: readonly string[]): Respond =>
  (email, chunk) =>
    names.some((name) => email.startsWith(name))
      ? { ...classified(email.startsWith('cy') ? 'compliance' : 'fake'), text: '' }
      : acknowledge(email, chunk);

test('the rejects that an export has reported are sent again, not later ones, and not people who want no mail', async () => {
  const first = await exportAll(stage, PEOPLE, { respond: refuse('bob', 'cy') });
  stage.wait(1);
  const more = [...PEOPLE, person('dee')];
  const second = await exportAll(stage, more, { after: first, respond: refuse('dee') });
  const request = { reportedBy: first.ref.exportId, classes: REJECT_CLASSES };
  expect(await stage.staging.liftRefusals(second.ref, request)).toBe(1);
  const third = await exportAll(stage, more, { after: second, respond: refuse('bob') });
  expect(third.chunks.flatMap(emailsOf)).toEqual(['bob@mail.test']);
  // Refused again since: another lift of the same export is about nothing.
  expect(await stage.staging.liftRefusals(third.ref, request)).toBe(0);
  expect(await stage.staging.liftRefusals(third.ref, { ...request, reportedBy: second.ref.exportId })).toBe(
    1,
  );
});

test('an export that the store does not know is refused', async () => {
  const { ref } = await exportAll(stage, PEOPLE, { respond: refuse('bob') });
  await expect(stage.staging.liftRefusals(ref, { reportedBy: 'e-unknown' })).rejects.toMatchObject({
    code: 'EXPORT_NOT_FOUND',
  });
});
