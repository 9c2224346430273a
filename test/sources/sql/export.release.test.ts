import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { SqlSourceInput } from '../../../src';
import type { FilesSourceInput } from '../../../src/config/source-config';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { type PostgresServer, startPostgres } from '../../support/postgres-server';
import { AUDIENCE, CROWD, type Stage, openStage } from '../../support/stage';
import { Lake } from '../cdm/lake';
import { Fixture } from './fixture';

const ROOT = resolve(__dirname, '../../..');

const value = (text: string | undefined) => (text === undefined ? 'NULL' : `'${text}'`);

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
  await server.sql(`
    CREATE SCHEMA shop;
    CREATE ROLE reader LOGIN PASSWORD 'secret';
    GRANT USAGE ON SCHEMA shop TO reader;
    CREATE TABLE shop.customers (id text, email text, country text, card text);
    CREATE TABLE shop.orders (customer text, total numeric, ordered_at timestamptz DEFAULT now());
    GRANT SELECT ON shop.customers, shop.orders TO reader`);
  const rows = CROWD.map(
    ({ id, email, country }) => `(${value(id)}, ${value(email)}, ${value(country?.slice(0, 2))}, 'never')`,
  );
  await server.sql(`
    INSERT INTO shop.customers VALUES ${rows.join(', ')};
    INSERT INTO shop.orders VALUES ('000001', 30), ('000001', 20), ('000002', 40)`);
  process.env['SHOP_DATABASE'] = `postgres://reader:secret@127.0.0.1:${server.port}/postgres`;
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  delete process.env['SHOP_DATABASE'];
  await server.close();
});

/** The YAML blocks of a page, by the kind of their source. */
async function sourcesOf(page: string): Promise<readonly (SqlSourceInput | FilesSourceInput)[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  return [...text.matchAll(/```yaml\n([^]*?)```/g)].flatMap(([, block = '']) =>
    Object.values(
      (parse(block) as { sources?: Record<string, SqlSourceInput | FilesSourceInput> }).sources ?? {},
    ),
  );
}

const COUNTRIES = 'code,name\nNo,Norway\nSw,Sweden\n';

test('the shop of the README, of PostgreSQL and a file, is exported with the country of a join', async () => {
  const [shop] = (await sourcesOf('README.md')).filter(({ kind }) => kind === 'sql');
  const stage: Stage = await openStage();
  try {
    await writeFile(join(stage.folder, 'countries.csv'), COUNTRIES);
    Object.assign(stage.config.sources, { people: shop });
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure({
        email: 'email',
        fields: { COUNTRY: 'country' },
        segments: { north: 'North', 'big-spenders': 'Big spenders' },
      });
      const report = await stage.export();
      expect(report).toMatchObject({ status: 'completed' });
    });
    const countries = [...stage.sandbox.members(AUDIENCE)].map(({ mergeFields }) => mergeFields['COUNTRY']);
    expect(countries).toEqual(CROWD.map(() => 'Norway'));
    expect(stage.sandbox.state(AUDIENCE).tags).toMatchObject({ North: CROWD.length, 'Big spenders': 1 });
  } finally {
    await stage.close();
  }
});

test('the sources of the page can be read as they stand, but for that of Dataverse', async () => {
  const [joined, , computed] = await sourcesOf('docs/source-sql.md');
  const lake = await Lake.make();
  const fixture = await Fixture.make();
  try {
    await lake.publish([{ name: 'HighValueSegment', columns: ['CustomerId'], partitions: ['000002\r\n'] }]);
    const text = JSON.stringify(joined).replace('/data/customerinsights', lake.root);
    await writeFile(join(fixture.folder, 'countries.csv'), COUNTRIES);
    const shop = await fixture.openAny(JSON.parse(text) as SqlSourceInput);
    expect(await shop.findProblems()).toEqual([]);
    expect(await shop.check()).toMatchObject({
      attributes: ['id', 'email', 'country', 'spent'],
      profiles: CROWD.length,
      members: [
        { segment: 'north', profiles: CROWD.length },
        { segment: 'big-spenders', profiles: 1 },
        { segment: 'high-value', profiles: 1 },
      ],
      unreadable: [],
    });
    await shop.close();
    await fixture.write('people.csv', [
      ['id', 'code'],
      ['1', 'No'],
    ]);
    await writeFile(join(fixture.folder, 'countries.csv'), COUNTRIES);
    const people = await fixture.openAny(computed!);
    expect(await people.check()).toMatchObject({ attributes: ['id', 'code', 'country'], profiles: 1 });
    await people.close();
  } finally {
    await lake.remove();
    await fixture.remove();
  }
});
