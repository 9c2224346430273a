import { describe, expect, test } from '@jest/globals';
import type { MemberSeed, SandboxSwitches } from '../../src/sandbox/index';
import type { Api, Json } from './support';
import {
  ADA,
  AUDIENCE,
  LIST,
  memberPath,
  operation,
  results,
  runBatch,
  seeded,
  withSandbox,
} from './support';

const optedOut: MemberSeed = { email_address: ADA, status: 'unsubscribed' };
const archived: MemberSeed = { email_address: ADA, status: 'archived', unsubscribed_by: 'contact' };
const subscribed: MemberSeed = { email_address: ADA, status: 'subscribed' };

const row = (rest: object = {}): object => ({ email_address: ADA, status_if_new: 'subscribed', ...rest });

/** The effect of a switch on one request to the API. */
async function ask(
  switches: Partial<SandboxSwitches>,
  seed: MemberSeed,
  question: (api: Api) => Promise<Json>,
): Promise<Json> {
  let answer: Json;
  await withSandbox({ ...seeded(seed), switches }, async (api) => {
    answer = await question(api);
  });
  return answer;
}

const sendRow =
  (rest: object = {}) =>
  async (api: Api): Promise<Json> =>
    (await api.subscribe([row(rest)])).body;
const put =
  (body: object) =>
  async (api: Api): Promise<Json> =>
    (await api.put(memberPath(ADA), body)).body;

const oneBadRow = async (api: Api): Promise<Json> =>
  (await api.subscribe([row(), { email_address: 'x@wp.pl' }])).body;

const sendTwice = async (api: Api): Promise<Json> =>
  (await api.subscribe([row({ merge_fields: { FNAME: '1' } }), row({ merge_fields: { FNAME: '2' } })])).body;

const askForOneField = async (api: Api): Promise<Json> =>
  (await api.post(`${LIST}?fields=total_updated`, { members: [row()], update_existing: true })).body;

const changeSegment =
  (body: object) =>
  async (api: Api): Promise<Json> => {
    const { id } = (await api.post(`${LIST}/segments`, { name: 'S', static_segment: [] })).body;
    return (await api.post(`${LIST}/segments/${id}`, body)).body;
  };

const giveLongTag = async (api: Api): Promise<Json> =>
  (await api.post(`${memberPath(ADA)}/tags`, { tags: [{ name: 'x'.repeat(60), status: 'active' }] })).status;

const tagInBatch = async (api: Api): Promise<Json> => {
  const batch = await runBatch(api, [operation(`${memberPath(ADA)}/tags`, { tags: [] })]);
  return [batch.errored_operations, (await results(batch))[0].response];
};

const joinInBatch = async (api: Api): Promise<Json> => {
  const rows = Array.from({ length: 20 }, (_, place) =>
    operation(LIST, { members: [row({ email_address: `p${place}@wp.pl` })] }),
  );
  await runBatch(api, rows);
  return (await api.get(`${LIST}/members?count=100`)).body.members
    .slice(1)
    .map((member: Json) => member.email_address as string);
};

const startTwoOperations = async (api: Api): Promise<Json> =>
  (await api.post('/batches', { operations: [operation('/ping'), operation('/ping')] })).status;

describe('members', () => {
  test('archivedStaysArchived', async () => {
    const away = await ask({ archivedStaysArchived: true }, archived, sendRow({ tags: ['A'] }));
    expect(away).toMatchObject({ total_created: 0, updated_members: [{ status: 'archived' }] });
    const back = await ask({ archivedStaysArchived: false }, archived, sendRow());
    expect(back).toMatchObject({ total_updated: 0, new_members: [{ status: 'subscribed' }] });
  });

  test('archivedKeepsCompliance', async () => {
    const body = { status: 'subscribed' };
    expect((await ask({ archivedKeepsCompliance: true }, archived, put(body))).title).toBe(
      'Member In Compliance State',
    );
    expect((await ask({ archivedKeepsCompliance: false }, archived, put(body))).status).toBe('subscribed');
  });

  test('optedOutTakesUpdates', async () => {
    const change = sendRow({ tags: ['A'], merge_fields: { FNAME: 'Ada' } });
    const [yes] = (await ask({ optedOutTakesUpdates: true }, optedOut, change)).updated_members;
    expect(yes).toMatchObject({ merge_fields: { FNAME: 'Ada' }, tags_count: 1, status: 'unsubscribed' });
    const [no] = (await ask({ optedOutTakesUpdates: false }, optedOut, change)).updated_members;
    expect(no).toMatchObject({ merge_fields: { FNAME: '' }, tags_count: 0, status: 'unsubscribed' });
  });

  test.each([
    ['keep', 'unsubscribed'],
    ['take', 'transactional'],
    ['refuse', 400],
  ] as const)('transactionalOnOptedOut: %s', async (transactionalOnOptedOut, status) => {
    expect((await ask({ transactionalOnOptedOut }, optedOut, put({ status: 'transactional' }))).status).toBe(
      status,
    );
  });

  test('complianceWording', async () => {
    const body = await ask({ complianceWording: 'isAlreadyMember' }, optedOut, put({ status: 'subscribed' }));
    expect(body.detail).toBe(
      `${ADA} is already a list member in compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`,
    );
  });

  test.each([
    ['applied', 1, 1],
    ['newOnly', 1, 0],
    ['ignored', 0, 0],
  ] as const)('tagsOnPut and tagsOnBatch: %s', async (way, whenNew, whenThere) => {
    const unknown: MemberSeed = { email_address: 'x@wp.pl', status: 'subscribed' };
    const byPut = put(row({ tags: ['A'] }));
    expect((await ask({ tagsOnPut: way }, unknown, byPut)).tags_count).toBe(whenNew);
    expect((await ask({ tagsOnPut: way }, subscribed, byPut)).tags_count).toBe(whenThere);
    const byBatch = sendRow({ tags: ['A'] });
    expect((await ask({ tagsOnBatch: way }, unknown, byBatch)).new_members[0].tags_count).toBe(whenNew);
    expect((await ask({ tagsOnBatch: way }, subscribed, byBatch)).updated_members[0].tags_count).toBe(
      whenThere,
    );
  });

  test('requiredCheckedOnUpdate', async () => {
    const mergeFields = [
      { tag: 'MUST', name: 'Must', type: 'text' as const, required: true },
      { tag: 'MAY', name: 'May', type: 'text' as const },
    ];
    for (const requiredCheckedOnUpdate of [true, false])
      await withSandbox(
        {
          audiences: [{ id: AUDIENCE, name: 'One', mergeFields, members: [subscribed] }],
          switches: { requiredCheckedOnUpdate },
        },
        async (api) => {
          const { body } = await api.subscribe([row({ merge_fields: { MAY: 'x' } })]);
          expect(body.error_count).toBe(requiredCheckedOnUpdate ? 1 : 0);
        },
      );
  });

  test('contactLimit', async () => {
    const body = await ask(
      { contactLimit: 1 },
      subscribed,
      async (api) => (await api.subscribe([row({ email_address: 'x@wp.pl' }), row()])).body,
    );
    expect([body.total_created, body.total_updated, body.error_count]).toEqual([0, 1, 1]);
  });
});

describe('replies', () => {
  test('statusIfNewOnBatch', async () => {
    expect((await ask({ statusIfNewOnBatch: 'refused' }, subscribed, sendRow())).errors).toEqual([
      { field: 'members.item:0', message: 'Data did not match any of the schemas described in anyOf.' },
    ]);
    const sendStranger = sendRow({ email_address: 'x@wp.pl', status_if_new: 'pending' });
    expect(await ask({ statusIfNewOnBatch: 'ignored' }, subscribed, sendStranger)).toMatchObject({
      new_members: [{ status: 'subscribed' }],
    });
  });

  test('schemaErrorsRefuseRequest', async () => {
    expect((await ask({ schemaErrorsRefuseRequest: true }, subscribed, oneBadRow)).status).toBe(400);
    expect(await ask({ schemaErrorsRefuseRequest: false }, subscribed, oneBadRow)).toMatchObject({
      total_updated: 1,
      errors: [{ email_address: 'x@wp.pl', error_code: 'ERROR_GENERIC' }],
    });
  });

  test('unchangedRowInReply', async () => {
    expect((await ask({ unchangedRowInReply: true }, subscribed, sendRow())).total_updated).toBe(1);
    expect(await ask({ unchangedRowInReply: false }, subscribed, sendRow())).toMatchObject({
      total_updated: 0,
      total_created: 0,
      error_count: 0,
    });
    expect(
      (await ask({ unchangedRowInReply: false }, subscribed, sendRow({ tags: ['A'] }))).total_updated,
    ).toBe(1);
  });

  test('tagsInReply', async () => {
    expect(
      (await ask({ tagsInReply: false }, subscribed, sendRow({ tags: ['A'] }))).updated_members[0],
    ).not.toHaveProperty('tags');
    const page = await ask(
      { tagsInReply: false },
      { ...subscribed, tags: ['A'] },
      async (api) => (await api.get(`${LIST}/members`)).body,
    );
    expect(page.members[0]).toMatchObject({ tags_count: 1, tags: [{ name: 'A' }] });
  });

  test.each([
    ['stored', ADA],
    ['sent', ADA.toUpperCase()],
    ['lower', ADA.toLowerCase()],
  ] as const)('addressEcho: %s', async (addressEcho, address) => {
    const body = await ask({ addressEcho }, subscribed, sendRow({ email_address: ` ${ADA.toUpperCase()} ` }));
    expect(body.updated_members[0].email_address).toBe(address);
  });

  test('quotedErrorAddress', async () => {
    const body = await ask({ quotedErrorAddress: true }, subscribed, sendRow({ email_address: 'nobody' }));
    expect(body.errors[0].email_address).toBe('"nobody"');
  });

  test('duplicateRows', async () => {
    const refused = await ask({ duplicateRows: 'error' }, subscribed, sendTwice);
    expect([refused.total_updated, refused.error_count]).toEqual([1, 1]);
    const both = await ask({ duplicateRows: 'lastWins' }, subscribed, async (api) => [
      await sendTwice(api),
      (await api.member(ADA)).body,
    ]);
    expect([both[0].total_updated, both[1].merge_fields.FNAME]).toEqual([2, '2']);
  });

  test('fieldsOnWrites', async () => {
    expect(await ask({ fieldsOnWrites: true }, subscribed, askForOneField)).toEqual({ total_updated: 1 });
    expect(await ask({ fieldsOnWrites: false }, subscribed, askForOneField)).toHaveProperty(
      'updated_members',
    );
  });

  test('roleAddressesRefused', async () => {
    const role = sendRow({ email_address: 'postmaster@wp.pl' });
    expect((await ask({ roleAddressesRefused: true }, subscribed, role)).error_count).toBe(1);
    expect((await ask({ roleAddressesRefused: false }, subscribed, role)).error_count).toBe(0);
  });
});

describe('segments and tags', () => {
  test('segmentUnknownAddress', async () => {
    const unknown = changeSegment({ members_to_add: ['x@wp.pl'], members_to_remove: ['y@wp.pl'] });
    expect((await ask({ segmentUnknownAddress: 'ignored' }, subscribed, unknown)).errors).toEqual([]);
    expect((await ask({ segmentUnknownAddress: 'error' }, subscribed, unknown)).errors).toMatchObject([
      { email_addresses: ['x@wp.pl'] },
      { email_addresses: ['y@wp.pl'] },
    ]);
  });

  test.each([
    ['ignored', 0, 0],
    ['removed', 1, 0],
    ['error', 0, 1],
  ] as const)('segmentRemoveUntagged: %s', async (segmentRemoveUntagged, removed, errors) => {
    const body = await ask(
      { segmentRemoveUntagged },
      subscribed,
      changeSegment({ members_to_remove: [ADA] }),
    );
    expect([body.total_removed, body.error_count]).toEqual([removed, errors]);
  });

  test('archivedInSegments', async () => {
    const add = changeSegment({ members_to_add: [ADA] });
    expect((await ask({ archivedInSegments: true }, archived, add)).total_added).toBe(1);
    expect((await ask({ archivedInSegments: false }, archived, add)).total_added).toBe(0);
  });

  test('tagNameMax', async () => {
    expect(await ask({ tagNameMax: 50 }, subscribed, giveLongTag)).toBe(400);
    expect(await ask({ tagNameMax: 100 }, subscribed, giveLongTag)).toBe(204);
  });
});

describe('batches', () => {
  test('noContentCountsAsErrored and noContentResponse', async () => {
    expect(
      await ask({ noContentCountsAsErrored: true, noContentResponse: '' }, subscribed, tagInBatch),
    ).toEqual([1, '']);
    expect(await ask({}, subscribed, tagInBatch)).toEqual([0, 'null']);
  });

  test('batchOrder', async () => {
    const sent = Array.from({ length: 20 }, (_, place) => `p${place}@wp.pl`);
    expect(await ask({ batchOrder: 'submitted' }, subscribed, joinInBatch)).toEqual(sent);
    expect(await ask({ batchOrder: 'shuffled' }, subscribed, joinInBatch)).not.toEqual(sent);
  });

  test('batchOperationsMax', async () => {
    expect(await ask({ batchOperationsMax: 1 }, subscribed, startTwoOperations)).toBe(400);
    expect(await ask({}, subscribed, startTwoOperations)).toBe(200);
  });
});
