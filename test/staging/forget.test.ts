import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FolderStore, openStaging } from '../../src/staging';
import type { StagingStore } from '../../src/ports/staging-store';
import type { ForgetRequest, Staging } from '../../src/ports/staging';
import {
  acknowledgeNew,
  DESTINATION,
  exportAll,
  member,
  openStage,
  refuseBob,
  rowsOf,
  type Exported,
  type Profile,
  type Stage,
} from './stage';
import { ACCOUNT, forgetAs, requestFor } from './forgetting';
import { takeBack } from './taking-back';
import { readAudience, verifyAudience } from './verifying';
import { filesWith } from '../support/files-with';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

const ADA = 'ada@mail.test';

const profile = (key: string, email: string, more: Partial<Profile> = {}): Profile => ({
  key,
  email,
  first: 'X',
  segments: ['vip'],
  ...more,
});

/** Ada, who is spelled in another way, a namesake, and two who name her in another attribute. */
const PEOPLE = [
  profile('1', ' Ada@MAIL.test'),
  profile('2', 'bob@mail.test', { first: 'friend of ADA@mail.test!' }),
  profile('3', 'nada@mail.test'),
  profile('4', 'ada@mail.test.example'),
  profile('ada@mail.test', 'eve@mail.test'),
];

const HASHES = ['md5', 'sha1', 'sha256'].map((name) => createHash(name).update(ADA).digest('hex'));

const forgetIn = (staging: Staging, id: string, ref = stage.newExport()) => forgetAs(staging, { id, ref });

async function forgetAda(more: Partial<ForgetRequest> = {}) {
  const id = await stage.staging.stageForget(DESTINATION, requestFor({ email: 'ADA@mail.test' }, more));
  return forgetIn(stage.staging, id);
}

/** Of a file with rows its name, of a file with lines its folder. */
const kindOf = (path: string): string => {
  if (path.startsWith('suppressions/')) return 'suppressions';
  return path.replace(/\/[^/]+\.ndjson$/, '').replace(/^.*\//, '');
};

/** All files of a store that name a person. */
const KINDS = [
  'archived',
  'baseline.parquet',
  'census',
  'census.parquet',
  'changes.parquet',
  'contacts.parquet',
  'drift.parquet',
  'gone.g2.parquet',
  'gone.parquet',
  'left',
  'outcomes.parquet',
  'profiles.parquet',
  'results',
  'suppressions',
  'suspects.parquet',
  'withheld',
];

/** Two exports and a plan with all kinds of files. */
async function exportTwice() {
  const first = await exportAll(stage, PEOPLE, {
    audience: [member(ADA, 'subscribed', [900]), member('nada@mail.test', 'unsubscribed')],
    respond: refuseBob({ result: 'rejected', class: 'fake', text: 'looks fake or invalid' }),
    accountId: ACCOUNT,
  });
  await stage.staging.recordLeft(first.ref, [{ email: 'Ada@mail.test', status: 'archived' }]);
  await stage.staging.recordArchived(first.ref, [{ email: ADA }, { email: 'bob@mail.test' }]);
  await stage.staging.recordWithheld(first.ref, { part: 0, attempt: 1 }, [ADA, 'bob@mail.test']);
  const second = await exportAll(stage, [...PEOPLE.slice(1), profile('9', 'new@mail.test')], {
    after: first,
    audience: [member(ADA, 'unsubscribed')],
    accountId: ACCOUNT,
  });
  return { first, second };
}

const TAGS = [{ id: 11, name: 'VIP' }];

/** The same, and a verification with a repair, one that was cut off, and an undo, so that there are files of every kind. */
async function exportAndVerify() {
  const { first, second } = await exportTwice();
  const third = await exportAll(stage, PEOPLE, { after: second, accountId: ACCOUNT });
  const audience = PEOPLE.map(({ email }) => ({
    ...member(email as string, 'subscribed'),
    values: [`not of ${ADA}`],
  }));
  const verified = await verifyAudience(stage, third, { audience, tags: TAGS, repair: true });
  await readAudience(stage, third, { audience, tags: TAGS });
  const undone = await takeBack(stage, third);
  return { first, second, third, verified, undone };
}

const emailsSent = ({ chunks }: Exported) =>
  rowsOf(chunks)
    .map(({ email }) => email)
    .toSorted();

test('nothing in the store names a forgotten person afterwards, in clear or as a hash, and all others stay', async () => {
  const { first, second, verified } = await exportAndVerify();
  for (const scope of [{ destinationId: DESTINATION }, { accountId: ACCOUNT }])
    await stage.staging.suppress(scope, {
      entries: [ADA, HASHES[0]!, HASHES[2]!, 'other@mail.test'],
      by: 'Kim',
      reason: `asked by ${ADA}`,
    });
  const naming = (await filesWith(stage.folder, [ADA])).map(kindOf);
  expect([...new Set(naming)].toSorted()).toEqual(KINDS);
  const { found, forgotten } = await forgetAda();
  expect(found).toMatchObject({ contacts: [{ email: ADA, tagIds: [11] }] });
  expect(forgotten).toMatchObject({ contacts: 1, isKeptOut: false });
  expect(await filesWith(stage.folder, [ADA, ...HASHES])).toEqual([]);
  const rest = await stage.staging.readFailures(second.ref, {
    outcomes: ['created', 'updated', 'unchanged', 'removed'],
  });
  expect(rest.map(({ email }) => email)).toContain('nada@mail.test');
  expect(rest.map(({ email }) => email)).toContain('ada@mail.test.example');
  expect(rest.map(({ email }) => email)).not.toContain(ADA);
  const drift = await stage.staging.readDrift(verified.ref, {});
  expect(drift.map(({ email }) => email)).toContain('nada@mail.test');
  const known = (email: string) =>
    stage.staging.readPerson(second.ref, {
      person: { email },
      accountId: ACCOUNT,
      exports: [first.ref.exportId, second.ref.exportId],
    });
  expect(await known('nada@mail.test')).toMatchObject({
    contacts: [{}],
    outcomes: [{}, {}],
    suppressions: [],
  });
  expect(await known(ADA)).toMatchObject({ contacts: [], outcomes: [] });
  expect((await known(ADA)).suppressions).toHaveLength(2);
  // Still suppressed, but by a hash that nothing but this store can make.
  for (const scope of [{ destinationId: DESTINATION }, { accountId: ACCOUNT }])
    expect(await stage.staging.readSuppressions(scope)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'address', value: 'other@mail.test' }),
        expect.objectContaining({ kind: 'keyed', reason: '' }),
      ]),
    );
});

test('the next export goes on from a baseline without the forgotten person, and sends no one else again', async () => {
  const { second } = await exportTwice();
  await forgetAda();
  const people = [...PEOPLE.slice(1), profile('9', 'new@mail.test')];
  const third = await exportAll(stage, people, { after: second, accountId: ACCOUNT });
  expect(rowsOf(third.chunks)).toEqual([]);
  expect(third.settlement.mismatches).toEqual([]);
  const fourth = await exportAll(stage, [...people, PEOPLE[0]!], {
    after: third,
    accountId: ACCOUNT,
    respond: acknowledgeNew,
  });
  expect(rowsOf(fourth.chunks).map(({ email }) => email)).toEqual([ADA]);
});

test('an undo of an export from before sends all others as they were, and not the forgotten person', async () => {
  const first = await exportAll(stage, PEOPLE, { accountId: ACCOUNT, respond: acknowledgeNew });
  const changed = PEOPLE.map((one) => ({ ...one, first: 'Y' }));
  const second = await exportAll(stage, changed, { after: first, accountId: ACCOUNT });
  await forgetAda();
  const undone = await takeBack(stage, second);
  // Bob's value named her, and Eve's key does: what they had is no longer known, so what they have now stays.
  expect(emailsSent(undone)).toEqual(['ada@mail.test.example', 'nada@mail.test']);
  expect(undone.plan.remains).toMatchObject({ forgotten: 2 });
  expect(undone.settlement).toMatchObject({ mismatches: [], outcomes: { updated: 2, invalid: 0 } });
  const begun = await takeBack(stage, first, { after: undone });
  expect(begun.settlement).toMatchObject({ mismatches: [], outcomes: { archived: 4 } });
  expect(await filesWith(stage.folder, [ADA])).toEqual([]);
});

const has = (email: string, value: string) => ({ ...member(email, 'subscribed', [11]), values: [value] });

test('a verification compares all others with what was sent, and not with a value that named the forgotten person', async () => {
  const first = await exportAll(stage, PEOPLE, { accountId: ACCOUNT });
  await forgetAda();
  const audience = [
    has(ADA, 'X'),
    has('ada@mail.test.example', 'X'),
    has('nada@mail.test', 'other'),
    has('bob@mail.test', 'other'),
  ];
  const { ref, verification } = await verifyAudience(stage, first, { audience, tags: TAGS });
  expect(verification).toMatchObject({ compared: 4, differing: 3, notComparable: 1 });
  expect(await stage.staging.readDrift(ref, {})).toEqual([
    // She has stayed at Mailchimp, with our tag.
    expect.objectContaining({ class: 'tag_added', email: ADA }),
    expect.objectContaining({ class: 'missing', email: 'eve@mail.test', key: '' }),
    expect.objectContaining({ class: 'field_changed', email: 'nada@mail.test', key: '3' }),
  ]);
});

test('the counts of the baseline are right without the forgotten, who were counted in the audience, as gone, or not at all', async () => {
  const first = await exportAll(stage, PEOPLE, {
    accountId: ACCOUNT,
    respond: refuseBob({ result: 'rejected', class: 'fake', text: 'looks fake or invalid' }),
  });
  const audience = [has('nada@mail.test', 'X'), { ...has('eve@mail.test', 'X'), status: 'unsubscribed' }];
  const { verification } = await verifyAudience(stage, first, { audience, tags: TAGS });
  expect(verification).toMatchObject({ inAudience: 2, gone: 2, optedOut: 1 });
  const forgetOne = async (email: string) => {
    const id = await stage.staging.stageForget(DESTINATION, requestFor({ email }));
    return (await forgetIn(stage.staging, id)).forgotten;
  };
  const { exportId } = first.ref;
  // Mailchimp refused Bob, so he was never counted.
  expect(await forgetOne('bob@mail.test')).toMatchObject({
    contacts: 1,
    baseline: { exportId, carrying: 4, gone: 2, optedOut: 1 },
  });
  expect((await forgetOne(ADA)).baseline).toEqual({ exportId, carrying: 3, gone: 1, optedOut: 1 });
  expect((await forgetOne('eve@mail.test')).baseline).toEqual({
    exportId,
    carrying: 2,
    gone: 1,
    optedOut: 0,
  });
  const rest = PEOPLE.slice(2, 4);
  const second = await exportAll(stage, rest, { after: first, accountId: ACCOUNT });
  expect(second.settlement).toMatchObject({ baselineSize: 1, gone: 1 });
  // An export that another one of the same baseline has left beside it is not counted.
  const beside = await exportAll(stage, PEOPLE, { after: first, accountId: ACCOUNT });
  expect(await stage.staging.latestBaseline(DESTINATION)).toMatchObject({ exportId: beside.ref.exportId });
  const id = await stage.staging.stageForget(DESTINATION, requestFor({ email: 'nada@mail.test' }));
  const { exportId: current } = second.ref;
  const { forgotten } = await forgetAs(stage.staging, { id, ref: stage.newExport(), current });
  expect(forgotten.baseline).toMatchObject({ exportId: current, carrying: 1 });
});

test('a forgotten person who is kept out is withheld from later exports, whose list does not tell who it is', async () => {
  const { second } = await exportTwice();
  expect((await forgetAda({ keepOut: true })).forgotten).toMatchObject({ isKeptOut: true });
  expect(await filesWith(stage.folder, [ADA, ...HASHES])).toEqual([]);
  expect(await stage.staging.readSuppressions({ store: true })).toEqual([
    expect.objectContaining({ kind: 'keyed', by: 'Kim', reason: 'forgotten' }),
  ]);
  const third = await exportAll(stage, PEOPLE, { after: second, accountId: ACCOUNT });
  expect(rowsOf(third.chunks)).toEqual([]);
  expect(await stage.staging.readFailures(third.ref, { key: '1' })).toEqual([
    expect.objectContaining({ outcome: 'suppressed', reason: 'suppression_list' }),
  ]);
  const [listed] = await stage.staging.readSuppressions({ store: true });
  expect(await stage.staging.unsuppress({ store: true }, [listed!.value])).toBe(1);
});

test('a person is forgotten by key with every address that the profile has had, and by an address in another script', async () => {
  const first = await exportAll(stage, [profile('1', 'old@mail.test'), profile('2', 'Zoe@bücher.test')], {
    accountId: ACCOUNT,
  });
  const people = [profile('1', 'new@mail.test'), profile('2', 'zoe@xn--bcher-kva.test')];
  await exportAll(stage, people, { after: first, accountId: ACCOUNT });
  const byKey = await stage.staging.stageForget(DESTINATION, requestFor({ key: '1' }));
  const { found } = await forgetIn(stage.staging, byKey);
  expect(found?.contacts.map(({ email }) => email).toSorted()).toEqual(['new@mail.test', 'old@mail.test']);
  expect(await filesWith(stage.folder, ['old@mail.test', 'new@mail.test'])).toEqual([]);
  const byAddress = await stage.staging.stageForget(DESTINATION, requestFor({ email: 'zoe@BÜCHER.test' }));
  await forgetIn(stage.staging, byAddress);
  expect(await filesWith(stage.folder, ['zoe@bücher.test', 'zoe@xn--bcher-kva.test'])).toEqual([]);
});

test('a request is answered again after it is done, and names the person until then only', async () => {
  await exportTwice();
  const id = await stage.staging.stageForget(DESTINATION, requestFor({ email: ADA }));
  expect(await filesWith(join(stage.folder, 'destinations', DESTINATION, 'forgets'), [ADA])).toEqual([
    `${id}.json`,
  ]);
  const { forgotten } = await forgetIn(stage.staging, id);
  expect(await forgetIn(stage.staging, id)).toMatchObject({ found: null, forgotten });
  await expect(forgetIn(stage.staging, 'b3b0a3a0-0000-4000-8000-000000000000')).rejects.toMatchObject({
    code: 'FORGET_NOT_FOUND',
  });
});

test('a request whose job was given up names the person no longer when it was repeated', async () => {
  await exportTwice();
  const givenUp = await stage.staging.stageForget(DESTINATION, requestFor({ email: ADA }));
  const ref = stage.newExport();
  await stage.staging.claim(ref);
  await stage.staging.findForgotten({ ref, id: givenUp, accountId: ACCOUNT, baseline: null });
  await forgetAda();
  expect(await filesWith(stage.folder, [ADA])).toEqual([]);
});

test('what an export has sent and never settled is settled before its rows change', async () => {
  const first = await exportAll(stage, PEOPLE, { accountId: ACCOUNT });
  const ref = stage.newExport();
  await stage.staging.claim(ref);
  await stage.snapshot(
    ref,
    PEOPLE.map((one) => ({ ...one, first: 'Y' })),
  );
  const plan = await stage.plan(ref, { baseline: first.ref.exportId, accountId: ACCOUNT });
  await stage.staging.recordAttempt(ref, plan.parts[0]!.part, 'batch');
  await forgetAda();
  expect(await filesWith(stage.folder, [ADA])).toEqual([]);
  const settlement = await stage.staging.settle(ref, null);
  expect(settlement).toMatchObject({ mismatches: [] });
  expect(settlement!.outcomes.unproven).toBeGreaterThan(0);
  expect(await stage.staging.latestBaseline(DESTINATION)).toMatchObject({ exportId: ref.exportId });
});

/** A store that dies before its n-th change, for good. */
function mortal(store: StagingStore, lives: number): StagingStore {
  let left = lives;
  const live = (): void => {
    left -= 1;
    if (left < 0) throw Object.assign(new Error('killed'), { code: 'EKILLED' });
  };
  return {
    kind: store.kind,
    workFolder: store.workFolder,
    put: async (key, content) => {
      live();
      return store.put(key, content);
    },
    delete: async (key) => {
      live();
      return store.delete(key);
    },
    get: (key) => store.get(key),
    head: (key) => store.head(key),
    list: (folder) => store.list(folder),
    localFile: (key) => store.localFile(key),
  };
}

test('a process that dies at any change of the store leaves what the next one finishes, and a baseline at each moment', async () => {
  const { second } = await exportTwice();
  await stage.staging.suppress({ destinationId: DESTINATION }, { entries: [ADA], by: 'Kim', reason: '' });
  const id = await stage.staging.stageForget(DESTINATION, requestFor({ key: '1' }, { keepOut: true }));
  const store = new FolderStore(stage.folder);
  let deaths = 0;
  const ref = stage.newExport();
  for (let lives = 0; ; lives++) {
    const dying = await openStaging({ store: mortal(store, lives), memoryLimit: '128MB' });
    const isDone = await forgetIn(dying, id, ref).then(
      () => true,
      () => false,
    );
    await dying.close();
    expect(await stage.staging.latestBaseline(DESTINATION)).toMatchObject({ exportId: second.ref.exportId });
    expect(
      (
        await stage.staging.readFailures(second.ref, {
          key: '3',
          outcomes: ['updated', 'unchanged', 'created'],
        })
      ).length,
    ).toBe(1);
    if (isDone) break;
    deaths += 1;
  }
  expect(deaths).toBeGreaterThan(5);
  expect(await filesWith(stage.folder, [ADA, ...HASHES])).toEqual([]);
  expect(await stage.staging.readSuppressions({ store: true })).toHaveLength(1);
});

test('contacts that Mailchimp has permanently deleted are forgotten once, and withheld until the audience lists them again', async () => {
  const deleted = refuseBob({ result: 'suppressed', class: 'forgotten', text: 'was permanently deleted' });
  const first = await exportAll(stage, PEOPLE, { accountId: ACCOUNT, respond: deleted });
  const id = await stage.staging.stageDeleted(first.ref);
  expect(id).toBe(first.ref.exportId);
  expect(await stage.staging.stageDeleted(first.ref)).toBe(id);
  await forgetIn(stage.staging, id!);
  expect(await filesWith(stage.folder, ['bob@mail.test'])).toEqual([]);
  expect(await stage.staging.stageDeleted(first.ref)).toBeUndefined();
  const second = await exportAll(stage, PEOPLE, { after: first, accountId: ACCOUNT });
  expect(rowsOf(second.chunks)).toEqual([]);
  const audience = [member('bob@mail.test', 'subscribed')];
  const third = await exportAll(stage, PEOPLE, {
    after: second,
    accountId: ACCOUNT,
    audience,
    scope: 'full',
  });
  expect(rowsOf(third.chunks).map(({ email }) => email)).toEqual(['bob@mail.test']);
});
