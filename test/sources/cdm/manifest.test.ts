import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Lake } from './lake';

let lake: Lake;

beforeEach(async () => {
  lake = await Lake.make();
});
afterEach(() => lake.remove());

const CSV = (header: string) => ({
  traitReference: 'is.partition.format.CSV',
  arguments: [
    { name: 'columnHeaders', value: header },
    { name: 'delimiter', value: ';' },
  ],
});

const attribute = (name: string, dataFormat = 'String') => ({ name, dataFormat });

interface Entity {
  readonly name: string;
  readonly partitions?: readonly object[];
  readonly definition?: object;
  readonly more?: object;
}

async function publish(entities: readonly Entity[]): Promise<void> {
  await lake.write(
    'ours/default.manifest.cdm.json',
    JSON.stringify({
      manifestName: 'default',
      entities: entities.map(({ name, partitions, more }) => ({
        type: 'LocalEntity',
        entityName: name,
        entityPath: `${name}/${name}.cdm.json/${name}`,
        ...(partitions && { dataPartitions: partitions }),
        ...more,
      })),
    }),
  );
  for (const { name, definition } of entities) {
    const document = { definitions: [{ entityName: name, extendsEntity: 'CdmEntity', ...definition }] };
    await lake.write(`ours/${name}/${name}.cdm.json`, JSON.stringify(document));
  }
}

const CUSTOMER: Entity = {
  name: 'Customer',
  partitions: [
    { location: 'Customer/p1.csv', exhibitsTraits: [CSV('true')] },
    { location: 'Customer/p2.csv', exhibitsTraits: [CSV('true')] },
  ],
  definition: {
    hasAttributes: [
      {
        attributeGroupReference: {
          attributeGroupName: 'all',
          members: [attribute('CustomerId'), attribute('Since', 'DateTime')],
        },
      },
    ],
  },
};
const VIP: Entity = {
  name: 'Vip',
  partitions: [{ location: 'Vip/p1.csv' }],
  definition: { displayName: 'VIP customers', hasAttributes: [{ name: 'CustomerId', dataType: 'guid' }] },
};

beforeEach(async () => {
  await lake.write('ours/Customer/p1.csv', 'CustomerId;Since\n1;2024-02-15T08:01:00.0000000Z\n');
  await lake.write('ours/Customer/p2.csv', 'CustomerId;Since\n2;\n');
  await lake.write('ours/Vip/p1.csv', '1\n2\n');
});

test('a manifest is read with the documents of its tables, their types, names and partitions', async () => {
  await publish([CUSTOMER, VIP]);
  const { attributes, segments } = await lake.with({}, (source) => source.describe());
  expect(attributes).toEqual(['CustomerId', 'Since']);
  expect(segments).toMatchObject([{ id: 'Vip', name: 'VIP customers' }]);
  const { rows } = await lake.extract({}, ['Since']);
  expect(rows).toEqual({ '1': ['1', '2024-02-15T08:01:00Z'], '2': ['1', null] });
});

const version = () => lake.with({}, async (source) => source.version?.({ segments: ['Vip'] }));

test('a document of a table that changes while it is read counts as another publication', async () => {
  await publish([CUSTOMER, VIP]);
  const before = await version();
  await publish([CUSTOMER, { ...VIP, definition: { ...VIP.definition, displayName: 'Others' } }]);
  expect(await version()).not.toBe(before);
});

test.each<[string, Partial<Entity>, RegExp]>([
  [
    'a pattern of partitions',
    { partitions: [], more: { dataPartitionPatterns: [{}] } },
    /List them as dataPartitions/,
  ],
  ['an entity that extends another one', { definition: { extendsEntity: 'Base' } }, /resolved form/],
  [
    'a group of attributes by name',
    { definition: { hasAttributes: [{ attributeGroupReference: 'g' }] } },
    /not spelled out/,
  ],
  ['an attribute by name', { definition: { hasAttributes: ['x'] } }, /not spelled out/],
  ['a document that defines another entity', { definition: { entityName: 'Other' } }, /does not define it/],
])('%s is refused, not guessed, and stops only what needs the table', async (_, change, message) => {
  await publish([CUSTOMER, { ...VIP, ...change }]);
  const [problem] = await lake.with({ segments: { Vip: {} } }, (source) => source.findProblems());
  expect(problem).toMatchObject({ at: 'segments.Vip', error: { code: 'SOURCE_MALFORMED' } });
  expect(problem?.error.message).toMatch(message);
  expect(await lake.with({}, (source) => source.check())).toMatchObject({ profiles: 2, members: [] });
});

test('a document outside of the root is not read', async () => {
  await publish([CUSTOMER]);
  await lake.write('../x.cdm.json', JSON.stringify({ definitions: [] }));
  const manifest = await lake.read('ours/default.manifest.cdm.json');
  await lake.write(
    'ours/default.manifest.cdm.json',
    manifest.replace('Customer/Customer.cdm.json/', '../../x.cdm.json/'),
  );
  await expect(lake.with({}, (source) => source.describe())).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining('leads out of the root'),
  });
});
