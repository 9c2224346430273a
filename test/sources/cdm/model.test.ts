import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ADDRESS, Lake, type LakeTable } from './lake';

let lake: Lake;

beforeEach(async () => {
  lake = await Lake.make();
});
afterEach(() => lake.remove());

const CUSTOMER: LakeTable = {
  name: 'Customer',
  columns: ['CustomerId', 'Email'],
  partitions: ['1,ann@contoso.nl\n2,bob@contoso.nl\n', '3,cid@contoso.nl\n'],
};
const VIP: LakeTable = { name: 'Vip', columns: ['CustomerId', 'Email'], partitions: ['1,ann@contoso.nl\n'] };

const check = (input = {}) => lake.with(input, (source) => source.check());
const problems = (input = {}) => lake.with(input, (source) => source.findProblems());

async function problemOf(input = {}) {
  const [first] = await problems(input);
  return { at: first?.at, code: first?.error.code, message: first?.error.message ?? '' };
}

describe('which model is read', () => {
  test('a folder without a model is SOURCE_UNREADABLE, as is one that is not there', async () => {
    await expect(check()).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('There is no model.json'),
    });
    await expect(check({ root: 'nowhere' })).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });

  test('of several models, one has to be named', async () => {
    await lake.publish([CUSTOMER, VIP]);
    const model = await lake.read('model.json');
    await rm(join(lake.root, 'model.json'));
    await lake.write('a/model.json', model);
    await lake.write('b/model.json', model);
    const error = await problemOf();
    expect(error).toMatchObject({ at: '', code: 'CONFIG_INVALID' });
    expect(error.message).toContain('a/model.json, b/model.json');
    expect(await check({ model: 'a/model.json' })).toMatchObject({ profiles: 3 });
  });

  test.each([
    ['no JSON', '{"entities": [', 'is not valid JSON'],
    ['another document', '{"name": "x"}', 'no model of the Common Data Model: entities: a list of tables'],
    ['a table without a name', '{"entities": [{}]}', 'entities.0.name'],
  ])('%s is SOURCE_MALFORMED, and says where', async (_, text, message) => {
    await lake.write('model.json', text);
    await expect(check()).rejects.toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringContaining(message),
    });
  });

  test('a model outside of the root is not read', async () => {
    await lake.publish([CUSTOMER]);
    await lake.write('../model.json', await lake.read('model.json'));
    await expect(check({ model: '../model.json' })).rejects.toMatchObject({
      message: expect.stringContaining('leads out of the root'),
    });
  });
});

describe('which tables are segments', () => {
  test('those with the key of the customer, unless the model gives them another primary key', async () => {
    const activity = {
      name: 'UnifiedActivity',
      columns: ['ActivityId', 'CustomerId'],
      primaryKey: 'ActivityId',
    };
    const named = { ...VIP, name: 'Named', primaryKey: 'CustomerId' };
    await lake.publish([CUSTOMER, VIP, named, activity, { name: 'Other', columns: ['Id'] }]);
    const { segments } = await lake.with({}, (source) => source.describe());
    expect(segments.map(({ id }) => id)).toEqual(['Vip', 'Named']);
  });

  test('only those that the configuration names, where it names some', async () => {
    await lake.publish([CUSTOMER, VIP, { ...VIP, name: 'Fresh' }]);
    const segments = { first: { table: 'Vip', name: 'VIP customers' }, Fresh: {} };
    const described = await lake.with({ segments }, (source) => source.describe());
    expect(described.segments.map(({ id, name }) => [id, name])).toEqual([
      ['first', 'VIP customers'],
      ['Fresh', 'Fresh'],
    ]);
  });

  test('a segment without a table is a problem of its own, and does not stop the others', async () => {
    await lake.publish([CUSTOMER, VIP]);
    const segments = { vip: { table: 'Vip' }, fresh: { table: 'Vib' } };
    const error = await problemOf({ segments });
    expect(error).toMatchObject({ at: 'segments.fresh', code: 'SOURCE_UNREADABLE' });
    expect(error.message).toContain('The model has no table "Vib". Did you mean "Vip"?');
    const { members } = await lake.extract({ segments: { vip: { table: 'Vip' } } }, ['Email']);
    expect(members).toEqual([1]);
  });

  test('a table without a partition is a segment without members', async () => {
    await lake.publish([CUSTOMER, { ...VIP, partitions: [] }]);
    expect(await check()).toMatchObject({ members: [{ segment: 'Vip', profiles: 0 }] });
  });

  test('the digest of a segment stays when its table gets another column', async () => {
    await lake.publish([CUSTOMER, VIP]);
    const before = await lake.with({}, (source) => source.describe());
    await lake.publish([
      CUSTOMER,
      { ...VIP, columns: ['CustomerId', 'Email', 'Projected'], partitions: ['1,a,b\n'] },
    ]);
    expect(await lake.with({}, (source) => source.describe())).toEqual(before);
  });
});

test('a table that no segment uses is not read by a check: it may be huge, or damaged', async () => {
  const activity: LakeTable = {
    name: 'UnifiedActivity',
    columns: ['ActivityId', 'CustomerId'],
    primaryKey: 'ActivityId',
    locations: [`${ADDRESS}/UnifiedActivity/2026/11/23/0200/nowhere.csv`],
  };
  await lake.publish([CUSTOMER, VIP, activity]);
  expect(await check()).toMatchObject({ profiles: 3, unreadable: [] });
  expect(await problems()).toEqual([]);
  const segments = { active: { sql: 'SELECT CustomerId FROM UnifiedActivity' } };
  expect(await problemOf({ segments })).toMatchObject({ at: '', code: 'SOURCE_UNREADABLE' });
});

/** Of Dataverse, with a row for each customer. */
const list = (values: readonly string[]): LakeTable => ({
  name: 'msdynci_segmentmembership',
  columns: ['msdynci_customerid', 'msdynci_segments'],
  partitions: [values.map((value, index) => `${index + 1},"${value.replaceAll('"', '""')}"\n`).join('')],
});

describe('memberships in a table of their own', () => {
  const rows: LakeTable = {
    name: 'SegmentMembership',
    columns: ['SegmentMembershipId', 'CustomerId', 'Name'],
    partitions: ['a,1,Vip\nb,1,North\n', 'c,2,Vip\nd,9,Vip\n'],
  };
  const dataverse = {
    table: 'msdynci_segmentmembership',
    key: 'msdynci_customerid',
    segments: 'msdynci_segments',
  };

  test('are read with a row for each customer and segment', async () => {
    await lake.publish([CUSTOMER, rows]);
    const members = { table: 'SegmentMembership', segment: 'Name' };
    const segments = { vip: { members: { ...members, value: 'Vip' } }, North: { members } };
    const extracted = await lake.extract({ segments }, []);
    expect(extracted).toMatchObject({ members: [2, 1], unmatched: [{ keys: 1 }, { keys: 0 }] });
    expect(extracted.rows).toEqual({ '1': ['11'], '2': ['10'] });
  });

  test('are read with a row for each customer and a JSON list, as Dataverse has it', async () => {
    await lake.publish([
      CUSTOMER,
      list([
        '{"Segments": ["Vip", "Ü, \\"x\\""]}',
        '["Vip"]',
        '{"Segments":null}',
        '{"Segments":["Unasked"]}',
        '',
      ]),
    ]);
    const segments = { Vip: { members: dataverse }, quoted: { members: { ...dataverse, value: 'Ü, "x"' } } };
    const extracted = await lake.extract({ segments }, []);
    expect(extracted.rows).toEqual({ '1': ['11'], '2': ['10'] });
    expect(extracted.unmatched).toEqual([0, 0].map(() => ({ keys: 0, values: 0 })));
  });

  test.each(['Vip', '{"Segments":"Vip"}', '{"segments":["Vip"]}', '{"Segments":["Vip"'])(
    'are refused where a value is no list of segments, which would untag its customer: %s',
    async (value) => {
      await lake.publish([CUSTOMER, list(['{"Segments":["Vip"]}', value])]);
      const extract = lake.extract({ segments: { Vip: { members: dataverse } } }, []);
      await expect(extract).rejects.toMatchObject({
        code: 'SOURCE_MALFORMED',
        message: expect.stringContaining('"msdynci_segments" has a value that is no JSON list'),
      });
    },
  );
});

const publish = (partition: string, table: Partial<LakeTable> = {}) =>
  lake.publish([{ ...CUSTOMER, ...table, partitions: [partition] }]);

describe('partitions that do not fit the model', () => {
  test.each([
    [
      'a further column in each row',
      '1,ann@contoso.nl,x\n2,bob@contoso.nl,y\n',
      { message: /rows have 3 values, and the model has 2/ },
    ],
    ['a column less in each row', '1\n2\n', { message: /rows have 1 values, and the model has 2/ }],
    [
      'a header line that the model does not know of',
      'CustomerId,Email\n1,ann@contoso.nl\n',
      { message: /Set columnHeaders: true/ },
    ],
    [
      'no header line, against the model',
      '1,ann@contoso.nl\n',
      { settings: { columnHeaders: true }, message: /set columnHeaders: false/ },
    ],
    [
      'a header line in another order',
      'Email,CustomerId\nann@contoso.nl,1\n',
      { settings: { columnHeaders: true }, message: /does not have the names/ },
    ],
  ])(
    '%s is SOURCE_MALFORMED, and nothing of a row is in the message',
    async (_, partition, { message, ...table }) => {
      await publish(partition, table);
      const error = await problemOf({ segments: {} });
      expect(error).toMatchObject({ at: 'profiles', code: 'SOURCE_MALFORMED' });
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain('contoso.nl');
    },
  );

  test('a single row that is too short is an unreadable line', async () => {
    await publish('1,ann@contoso.nl\n2\n3,cid@contoso.nl\n');
    expect(await check({ segments: {} })).toMatchObject({
      profiles: 2,
      unreadable: [{ file: 'Customer_1.csv', lines: 1, first: [{ line: 2, fault: 'MISSING COLUMNS' }] }],
    });
  });

  test.each([
    [true, 'CustomerId,Email\n1,ann@contoso.nl\n', false],
    [false, '1,ann@contoso.nl\n', true],
  ])('columnHeaders: %s overrides what the model says', async (columnHeaders, partition, ofModel) => {
    await publish(partition, { settings: { columnHeaders: ofModel } });
    expect(await check({ segments: {}, columnHeaders })).toMatchObject({ profiles: 1, unreadable: [] });
  });

  test('the text "false" of columnHeaders means false', async () => {
    await publish('1,ann@contoso.nl\n', { settings: { columnHeaders: 'False' } });
    expect(await check({ segments: {} })).toMatchObject({ profiles: 1 });
  });

  test('delimiter and encoding are those of the model', async () => {
    await publish('1;"Müller;x"\n', { settings: { delimiter: ';', encoding: 'UTF-8' } });
    const { rows } = await lake.extract({ segments: { all: { sql: 'FROM profiles' } } }, ['Email']);
    expect(rows['1']).toEqual(['1', 'Müller;x']);
  });

  test.each([
    [{ quoteStyle: 'QuoteStyle.None' }, /values without quotes/],
    [{ $type: 'ParquetFormatSettings' }, /are not CSV/],
    [{ delimiter: '||' }, /which is not one character/],
    [{ encoding: 'klingon' }, /an encoding that is not known/],
  ])('%j is refused', async (settings, message) => {
    await publish('1,ann@contoso.nl\n', { settings });
    expect((await problemOf({ segments: {} })).message).toMatch(message);
  });

  test('a partition that is not there is SOURCE_UNREADABLE, of its table only', async () => {
    await lake.publish([CUSTOMER, VIP, { ...VIP, name: 'Fresh' }]);
    await rm(join(lake.root, 'Vip'), { recursive: true });
    const error = await problemOf();
    expect(error).toMatchObject({ at: 'segments.Vip', code: 'SOURCE_UNREADABLE' });
    expect(error.message).toContain('Vip/2026/11/23/0200/Vip_1.csv is not below the root');
    const { members } = await lake.extract({ segments: { Fresh: {} } }, []);
    expect(members).toEqual([1]);
    await expect(check()).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });

  test('a copy whose model is newer than its partitions is not read', async () => {
    await lake.publish([{ ...CUSTOMER, locations: [`${ADDRESS}/Customer/2026/11/24/0200/Customer_1.csv`] }]);
    expect(await problemOf()).toMatchObject({ at: 'profiles', code: 'SOURCE_UNREADABLE' });
  });
});
