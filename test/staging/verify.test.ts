import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { groupField, LANGUAGE, type FieldMatch } from '../../src/contract/merge-field';
import type { CensusRow } from '../../src/contract/plan';
import {
  exportAll,
  FIRST_NAME,
  LOCALS,
  match,
  member,
  openStage,
  OTHER,
  rowsOf,
  VIP,
  type Exported,
  type Profile,
  type Stage,
} from './stage';
import { verifyAudience, type Verifying } from './verifying';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const TAGS = [
  { id: 11, name: 'VIP' },
  { id: 12, name: 'Locals' },
  { id: OTHER, name: 'Of others' },
];

const ADA: Profile = { key: '1', email: 'ada@mail.test', first: 'Ada', segments: ['vip'] };
const BOB: Profile = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['vip', 'locals'] };
const EVE: Profile = { key: '3', email: 'eve@mail.test', first: 'Eve', segments: ['locals'] };
const PEOPLE = [ADA, BOB, EVE];

/** As the three were exported. */
const AUDIENCE: readonly CensusRow[] = [
  { ...member('ada@mail.test', 'subscribed', [11]), values: ['Ada'] },
  { ...member('bob@mail.test', 'subscribed', [11, 12, OTHER]), values: ['Bob'] },
  { ...member('eve@mail.test', 'subscribed', [12]), values: ['Eve'] },
];

/** The audience with changed members; null: without the member. */
function changed(changes: Readonly<Record<string, Partial<CensusRow> | null>>): CensusRow[] {
  return AUDIENCE.flatMap((row) => {
    const change = changes[row.email.slice(0, 3)];
    return change === null ? [] : [{ ...row, ...change }];
  });
}

async function verify(after: Exported, audience: readonly CensusRow[], options: Verifying = {}) {
  const found = await verifyAudience(stage, after, { tags: TAGS, audience, ...options });
  const drift = await stage.staging.readDrift(found.ref, {});
  return { ...found, lines: drift.map(lineOf) };
}

function lineOf(row: { class: string; key: string; email: string; status: string; detail: string }): string {
  return [row.class, row.key, row.email, row.status, row.detail].filter(Boolean).join(' ');
}

test('an audience as it was exported has no suspects', async () => {
  const exported = await exportAll(stage, PEOPLE);
  const { suspects, verification } = await verify(exported, AUDIENCE);
  expect(suspects).toBe(0);
  expect(verification).toMatchObject({ compared: 3, differing: 0, inAudience: 3, gone: 0, optedOut: 0 });
});

test('each way to differ is a class of its own, and a contact may have several', async () => {
  const exported = await exportAll(stage, PEOPLE);
  const found = await verify(exported, [
    ...changed({ ada: null, bob: { tags: [11], values: ['Robert'] }, eve: { tags: [11, 12] } }),
    member('new@mail.test', 'subscribed', [11, OTHER]),
    member('gone@mail.test', 'unsubscribed', [11]),
  ]);
  expect(found.lines).toEqual([
    'missing 1 ada@mail.test',
    'field_changed 2 bob@mail.test subscribed FNAME',
    'tag_removed 2 bob@mail.test subscribed Locals',
    'tag_added 3 eve@mail.test subscribed VIP',
    'tag_added new@mail.test subscribed VIP',
  ]);
  expect(found.verification).toMatchObject({ differing: 4, inAudience: 2, gone: 1 });
});

test('who has opted out or was archived since an export has seen them is counted, once, and nothing else of them', async () => {
  const exported = await exportAll(stage, PEOPLE, {
    respond: (email) => ({
      result: 'acknowledged',
      status: email === 'eve@mail.test' ? 'unsubscribed' : 'subscribed',
    }),
  });
  const found = await verify(
    exported,
    changed({
      ada: { status: 'unsubscribed', tags: [], values: [''] },
      bob: { status: 'archived' },
      // An export has sent to her as she was.
      eve: { status: 'cleaned', tags: [] },
    }),
  );
  expect(found.lines).toEqual([
    'opted_out 1 ada@mail.test unsubscribed',
    'archived 2 bob@mail.test archived',
  ]);
  expect(found.verification).toMatchObject({ inAudience: 2, optedOut: 2, gone: 1 });
});

test('a contact that is missing is gone for the exports that follow, until one finds it in the audience again', async () => {
  const first = await exportAll(stage, PEOPLE);
  const { verification } = await verify(first, changed({ ada: null, bob: { status: 'archived' } }));
  expect(verification).toMatchObject({ inAudience: 1, gone: 2 });
  const archived = [member('bob@mail.test', 'archived', [11, 12])];
  const second = await exportAll(stage, PEOPLE, { after: first, audience: archived });
  expect(second.plan).toMatchObject({ baselineSize: 1, gone: 2 });
  expect(second.settlement).toMatchObject({ baselineSize: 1, gone: 2 });
  const third = await exportAll(stage, PEOPLE, { after: second });
  expect(third.settlement).toMatchObject({ baselineSize: 2, gone: 1 });
  const renamed = PEOPLE.map((one) => (one === ADA ? { ...one, first: 'Augusta' } : one));
  const fourth = await exportAll(stage, renamed, { after: third });
  expect(fourth.plan).toMatchObject({ baselineSize: 2, gone: 1 });
  expect(fourth.settlement).toMatchObject({ baselineSize: 3, gone: 0 });
});

test('a suspect that is as exported when it is read alone does not count', async () => {
  const exported = await exportAll(stage, PEOPLE);
  const found = await verify(exported, changed({ ada: null, bob: { tags: [11] } }), { alone: AUDIENCE });
  expect(found.suspects).toBe(2);
  expect(found.verification).toMatchObject({ differing: 0, inAudience: 3, gone: 0 });
});

test('a tag that a contact carried before the first export is of others', async () => {
  const exported = await exportAll(stage, PEOPLE, {
    audience: [member('ada@mail.test', 'subscribed', [12]), member('eve@mail.test', 'subscribed', [12])],
    scope: 'full',
  });
  const { lines } = await verify(exported, changed({ ada: { tags: [11, 12] }, eve: { tags: [] } }));
  expect(lines).toEqual([]);
});

test('values are compared in their canonical form, for each type of field', async () => {
  const fields = [
    match('first', 'FNAME'),
    match('spent', 'SPENT', { type: 'number' }),
    match('born', 'BORN', { type: 'birthday' }),
    match('phone', 'PHONE', { type: 'phone' }),
    {
      ...match('street', 'ADDRESS', { type: 'address' }),
      address: { addr1: 'street', city: 'city', state: 'state', zip: 'zip' },
    },
    { attribute: 'news', field: groupField({ id: 'a1b2', name: 'Topics/News' }) },
    { attribute: 'lang', field: LANGUAGE },
  ] as const satisfies readonly FieldMatch[];
  const values = {
    first: ' Zoe\u0301 ',
    spent: '1.50',
    born: '02/03',
    phone: '(555) 123-4567',
    street: '1 Main St',
    city: 'Oslo',
    state: 'Oslo',
    zip: '0150',
    news: 'yes',
    lang: 'nl',
  };
  const exported = await exportAll(
    stage,
    [{ key: '1', email: 'ada@mail.test', segments: ['vip'], ...values }],
    {
      fields,
    },
  );
  const address = { addr1: '1 Main St', addr2: '', city: 'Oslo', state: 'Oslo', zip: '0150', country: 'NO' };
  const same = [
    'Zo\u00e9',
    '1.5',
    '02/03',
    '+1 555 123 4567'.slice(3),
    JSON.stringify(address),
    'true',
    'nl',
  ];
  const row = { ...member('ada@mail.test', 'subscribed', [11]), values: same };
  expect((await verify(exported, [row], { fields })).verification).toMatchObject({
    suspects: 0,
    notComparable: 0,
  });

  const other = [
    'Zo',
    '1.6',
    '03/02',
    '555 123 4568',
    JSON.stringify({ ...address, zip: '0151' }),
    'false',
    'de',
  ];
  const found = await verify(exported, [{ ...row, values: other }], { fields });
  expect(found.lines).toEqual([
    'field_changed 1 ada@mail.test subscribed ADDRESS, BORN, FNAME, PHONE, SPENT, Topics/News, language'.replace(
      'language',
      LANGUAGE.name,
    ),
  ]);
});

test('without the values that were sent, a different hash says only that they cannot be compared', async () => {
  const exported = await exportAll(stage, PEOPLE);
  const later = await exportAll(stage, [ADA, BOB], { after: exported, limit: 0 });
  // The snapshot of the last export has no Eve.
  const { verification } = await verify(later, changed({ eve: { values: ['Eva'] } }));
  expect(verification).toMatchObject({ differing: 0, notComparable: 1 });
});

test('a tag that was deleted in Mailchimp is counted apart', async () => {
  const exported = await exportAll(stage, PEOPLE);
  const found = await verify(exported, changed({ bob: { tags: [11] }, eve: { tags: [] } }), {
    tags: TAGS.filter(({ id }) => id !== 12),
  });
  expect(found.verification).toMatchObject({ differing: 0, deletedTags: 2 });
});

test('a repair has the next export send the contacts again that may be written, and only that one', async () => {
  const exported = await exportAll(stage, PEOPLE);
  const audience = changed({ ada: { status: 'archived' }, bob: { tags: [11] }, eve: { values: ['Eva'] } });
  const { verification } = await verify(exported, audience, { repair: true });
  expect(verification.repaired).toBe(2);
  expect(await stage.staging.needsExport(exported.ref)).toBe(true);

  const archived = [member('ada@mail.test', 'archived')];
  const next = await exportAll(stage, PEOPLE, { after: exported, audience: archived, scope: 'optOuts' });
  expect(rowsOf(next.chunks).map(({ email, known }) => [email, known])).toEqual([
    ['bob@mail.test', true],
    ['eve@mail.test', true],
  ]);
  expect(next.settlement.outcomes).toMatchObject({ updated: 2, suppressed: 1 });
  expect(await stage.staging.needsExport(next.ref)).toBe(false);
  expect((await exportAll(stage, PEOPLE, { after: next })).settlement.outcomes).toMatchObject({
    unchanged: 3,
  });
});

test('a step that runs again after its process died gives the same answer, and the pages are gone', async () => {
  const exported = await exportAll(stage, PEOPLE);
  const found = await verify(exported, changed({ ada: null }));
  const { staging } = stage;
  const request = { baseline: exported.ref.exportId, tags: TAGS, ours: [11, 12], fields: [FIRST_NAME.field] };
  expect(await staging.hasCensusPage(found.ref, { listing: 'current', offset: 0 })).toBe(false);
  expect(await staging.findSuspects(found.ref, request)).toMatchObject({ suspects: 1 });
  expect(await staging.hasReadings(found.ref, 0)).toBe(true);
  expect(await staging.sealDrift(found.ref, { ...request, repair: false })).toEqual(found.verification);
  expect([VIP.tagId, LOCALS.tagId]).toEqual([11, 12]);
});
