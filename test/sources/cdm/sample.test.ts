import { readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EXPORT, Lake } from './lake';

let lake: Lake;

beforeEach(async () => {
  lake = await Lake.make({ sample: true });
});
afterEach(() => lake.remove());

const NONE = { keys: 0, values: 0 };
const ANNA = '59904136ac5d0a41c3a4ddcac83b81cd';
const MIA = '80294876f45329ec6391dd6ace217255';
const LARS = '52ac090cc3472b9f55f63f19ad84f47b';

describe('an export of Customer Insights', () => {
  test('has the attributes of the model, and each output table is a segment', async () => {
    const described = await lake.with({}, (source) => source.describe());
    expect(described.attributes).toEqual([
      'CustomerId',
      'FirstName',
      'LastName',
      'EMail',
      'Country',
      'City',
      'Telephone',
      'LoyaltyTier',
      'BirthDate',
      'EmailOptIn',
      'CreatedOn',
      'LifetimeValue',
    ]);
    expect(described.segments.map(({ id, name }) => [id, name])).toEqual([
      ['HighValueSegment', 'HighValueSegment'],
      ['Dutch_and_Belgian', 'Dutch_and_Belgian'],
    ]);
  });

  test('is read from all partitions, with and without header lines, by the columns of the model', async () => {
    expect(await lake.with({}, (source) => source.check())).toMatchObject({
      profiles: 20,
      members: [
        { segment: 'HighValueSegment', profiles: 5, unmatched: NONE },
        { segment: 'Dutch_and_Belgian', profiles: 5, unmatched: NONE },
      ],
      unreadable: [],
    });
    const { rows, selected } = await lake.extract({}, ['EMail', 'LastName', 'CreatedOn', 'BirthDate']);
    expect(selected).toBe(9);
    expect(rows[ANNA]).toEqual([
      '11',
      'anna.devries@contoso.nl',
      'de Vries',
      '2024-02-15T08:01:00Z',
      '1984-03-02',
    ]);
  });

  test('is read in SQL too, which joins the tables of the model by their names', async () => {
    const segments = {
      busy: { sql: 'SELECT CustomerId FROM HighValueSegment WHERE OrdersThisYear::INTEGER > 8' },
      north: {
        sql: "SELECT p.CustomerId FROM profiles p JOIN Customer c USING (CustomerId) WHERE c.Country IN ('DK', 'GB')",
      },
    };
    const { rows, members } = await lake.extract({ segments }, ['LastName', 'EMail']);
    expect(members).toEqual([3, 3]);
    expect(rows[MIA]).toEqual(['01', 'Li\nne 2', 'mia@northwind.co.uk']);
    expect(rows[LARS]).toEqual(['01', null, ' lars@contoso.dk ']);
  });

  test('has the same members by the memberships of Dataverse', async () => {
    const { value } = JSON.parse(
      await readFile(join(__dirname, 'sample/msdynci_segmentmemberships.json'), 'utf8'),
    );
    const rows = (value as Record<string, string>[]).map(
      ({ msdynci_customerid: key, msdynci_segments: list = '' }) =>
        `${key},"${list.replaceAll('"', '""')}"\n`,
    );
    await lake.write(`${EXPORT}/memberships.csv`, rows.join(''));
    const model = JSON.parse(await lake.read(`${EXPORT}/model.json`));
    model.entities.push({
      name: 'memberships',
      attributes: [{ name: 'msdynci_customerid' }, { name: 'msdynci_segments' }],
      partitions: [{ location: 'memberships.csv' }],
    });
    await lake.write(`${EXPORT}/model.json`, JSON.stringify(model));
    const members = { table: 'memberships', key: 'msdynci_customerid', segments: 'msdynci_segments' };
    const segments = { HighValueSegment: { members }, Dutch_and_Belgian: { members } };
    const byLists = await lake.extract({ segments }, ['EMail']);
    expect(byLists).toEqual(
      await lake.extract({ segments: { HighValueSegment: {}, Dutch_and_Belgian: {} } }, ['EMail']),
    );
  });

  test.each([
    ['the container', '.'],
    ['the folder of the environment', dirname(EXPORT)],
    ['the folder of the export', EXPORT],
  ])('is found where the root is %s', async (_, root) => {
    const from = join(lake.root, root);
    await rename(from, join(lake.folder, 'copy'));
    const config = { root: 'copy', segments: { HighValueSegment: { name: 'High value' } } };
    const { members } = await lake.extract(config, ['EMail']);
    expect(members).toEqual([5]);
  });
});
