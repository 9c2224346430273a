import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ForgetRequest } from '../../src/ports/staging';
import { filesWith } from '../support/files-with';
import { ACCOUNT, forgetAs, requestFor } from './forgetting';
import { DESTINATION, exportAll, openStage, type Stage } from './stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ADA = { key: '1', email: 'ada@mail.test', first: 'X', segments: ['vip'] };
const PEOPLE = [ADA, { ...ADA, key: '2', email: 'bob@mail.test' }];

async function forgetOne(person: ForgetRequest['person'], more: Partial<ForgetRequest> = {}) {
  const id = await stage.staging.stageForget(DESTINATION, requestFor(person, more));
  return forgetAs(stage.staging, { id, ref: stage.newExport() });
}

test('what stands for an address and is none is removed, and keeps no one out', async () => {
  const TWO = 'ann@mail.test, ben@mail.test';
  const people = [
    ...PEOPLE,
    { ...ADA, key: '7', email: TWO },
    { ...ADA, key: '8', email: 'carl@mail.test', first: `of ${TWO}` },
  ];
  await exportAll(stage, people, { accountId: ACCOUNT });
  expect(await filesWith(stage.folder, [TWO])).not.toEqual([]);
  for (const person of [{ key: '7' }, { email: TWO }]) {
    const { found, forgotten } = await forgetOne(person, { keepOut: true });
    expect(found?.contacts).toEqual([]);
    expect(forgotten).toMatchObject({ isKeptOut: false });
    expect(await filesWith(stage.folder, [TWO])).toEqual([]);
  }
  expect(await stage.staging.readSuppressions({ store: true })).toEqual([]);
});

test('a person is forgotten although the rows of an export that was never settled are gone, and exports go on', async () => {
  const first = await exportAll(stage, PEOPLE, { accountId: ACCOUNT });
  const lost = stage.newExport();
  await stage.staging.claim(lost);
  await stage.snapshot(
    lost,
    PEOPLE.map((one) => ({ ...one, first: 'Y' })),
  );
  const plan = await stage.plan(lost, { baseline: first.ref.exportId, accountId: ACCOUNT });
  await stage.staging.recordAttempt(lost, plan.parts[0]!.part, 'batch');
  const folder = join(stage.folder, 'destinations', DESTINATION, 'exports', lost.exportId);
  for (const path of await filesWith(folder, [ADA.email]))
    if (path.endsWith('contacts.parquet')) await rm(join(folder, path));
  const next = stage.newExport();
  await stage.staging.claim(next);
  await expect(stage.staging.settleEarlier(next, first.ref.exportId)).rejects.toMatchObject({
    code: 'STAGING_CORRUPT',
    message: expect.stringContaining(lost.exportId),
  });
  expect(await forgetOne({ email: ADA.email })).toMatchObject({ givenUp: 1, forgotten: { contacts: 1 } });
  expect(await filesWith(stage.folder, [ADA.email])).toEqual([]);
  const after = stage.newExport();
  await stage.staging.claim(after);
  const { exportId: baseline } = first.ref;
  expect(await stage.staging.settleEarlier(after, baseline)).toEqual({ baseline, givenUp: 0 });
});
