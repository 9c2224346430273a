import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ADDRESS, Lake } from './lake';

let lake: Lake;

beforeEach(async () => {
  lake = await Lake.make();
  await writeFile(join(lake.folder, 'secret.csv'), '1,secret@contoso.nl\n');
});
afterEach(() => lake.remove());

const FILE = 'Customer/2026/11/23/0200/Customer_1.csv';
const ROW = '1,ann@contoso.nl\n';

async function describeAt(location: string, file = FILE) {
  await lake.write(file, ROW);
  await lake.publish([{ name: 'Customer', columns: ['CustomerId', 'Email'], locations: [location] }]);
  return lake.with({}, (source) => source.check());
}

describe('a location of the model', () => {
  test.each([
    ['the lake', `${ADDRESS}/${FILE}`],
    ['the blob endpoint', `${ADDRESS.replace('.dfs.', '.blob.')}/${FILE}`],
    ['a signature', `${ADDRESS}/${FILE}?sv=2022&sig=secret`],
    [
      'the driver of the lake',
      `abfss://customerinsights@contosolake.dfs.core.windows.net/CustomerInsights_1/Export/${FILE}`,
    ],
    ['a path from the model', FILE],
    ['a path from the root', `/${FILE}`],
    ['a namespace', `adls:/${FILE}`],
  ])('is mapped to the root, with %s', async (_, location) => {
    expect(await describeAt(location)).toMatchObject({ profiles: 1 });
  });

  test('is decoded, and a name with characters of a pattern is one file', async () => {
    const file = 'Customer/2026/a[b]* ü/Customer_1.csv';
    expect(await describeAt(`${ADDRESS}/${encodeURI(file)}`, file)).toMatchObject({ profiles: 1 });
  });

  test.each([
    '../secret.csv',
    '/../secret.csv',
    `${ADDRESS}/../../../secret.csv`,
    `${ADDRESS}/%2e%2e/%2E%2E/secret.csv`,
    `${ADDRESS}/a%2f..%2f..%2fsecret.csv`,
    String.raw`..\secret.csv`,
    'file:///etc/passwd',
    'ftp://host/x/secret.csv',
    `${ADDRESS}/%zz`,
  ])('is not followed out of the root: %s', async (location) => {
    const refused = describeAt(location);
    await expect(refused).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
    await expect(refused).rejects.toThrow('that is not followed');
  });

  test('is never an absolute path of this machine', async () => {
    await expect(describeAt(join(lake.folder, 'secret.csv'))).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('is not below the root'),
    });
  });

  test('is not followed through a link out of the root, to a file or a folder', async () => {
    await mkdir(join(lake.root, 'Customer'));
    await symlink(join(lake.folder, 'secret.csv'), join(lake.root, 'Customer/link.csv'));
    await symlink(lake.folder, join(lake.root, 'Customer/up'));
    for (const location of [
      'Customer/link.csv',
      'Customer/up/secret.csv',
      `${ADDRESS}/Customer/up/secret.csv`,
    ]) {
      await expect(describeAt(location)).rejects.toThrow('leads out of the root');
    }
  });

  test('in another container than the others is refused, although its path is below the root', async () => {
    await lake.write(FILE, ROW);
    const other = `https://contosolake.dfs.core.windows.net/other/CustomerInsights_1/Export/${FILE}?sig=secret`;
    for (const location of [other, other.replace('contosolake', 'elsewhere')]) {
      await lake.publish([
        { name: 'Vip', columns: ['CustomerId'], partitions: ['1\n'] },
        { name: 'Customer', columns: ['CustomerId', 'Email'], locations: [location] },
      ]);
      const [problem] = await lake.with({}, (source) => source.findProblems());
      expect(problem).toMatchObject({ at: 'profiles', error: { code: 'SOURCE_UNREADABLE' } });
      expect(problem?.error.message).toContain('Only files of one container');
      expect(problem?.error.message).not.toContain('sig=');
    }
  });

  test('is not looked for by the name of its file alone, which has no date', async () => {
    await lake.write('Customer_1.csv', ROW);
    await lake.publish([
      { name: 'Customer', columns: ['CustomerId', 'Email'], locations: [`${ADDRESS}/${FILE}`] },
    ]);
    await expect(lake.with({}, (source) => source.check())).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
    });
  });
});
