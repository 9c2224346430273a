import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openScene, type Scene } from '../cli/scene';
import { AUDIENCE, AUDIENCE_SEED } from '../support/stage';

const SAMPLE = join(__dirname, '../sources/cdm/sample');
const EXPORT = 'lake/CustomerInsights_7b1c6d5e-93a4-4c0f-8b7e-2f1f3a9d0c11/MailchimpStaging';

const FIELDS = [
  ...AUDIENCE_SEED.mergeFields,
  { tag: 'SINCE', name: 'Since', type: 'date' as const },
  { tag: 'VALUE', name: 'Value', type: 'number' as const },
  { tag: 'CREATED', name: 'Created', type: 'text' as const },
];

const CONFIGURE = {
  email: 'EMail',
  fields: {
    FNAME: 'FirstName',
    LNAME: 'LastName',
    COUNTRY: 'Country',
    SINCE: 'CreatedOn',
    VALUE: 'LifetimeValue',
    CREATED: 'CreatedOn',
  },
  segments: { HighValueSegment: 'High value', Dutch_and_Belgian: 'Benelux' },
  guards: { removalShare: 1 },
};

describe('an export from Customer Insights to an audience', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await openScene({ sandbox: { audiences: [{ ...AUDIENCE_SEED, mergeFields: FIELDS }] } });
    await cp(SAMPLE, join(scene.folder, 'lake'), { recursive: true });
    scene.config.sources['people'] = { kind: 'cdm', root: 'lake' };
    await scene.writeConfig({
      sources: { people: { kind: 'cdm', root: 'lake' } },
      destinations: {
        [scene.destinationId]: {
          connect: {
            name: 'Newsletter',
            account: 'main',
            audienceId: AUDIENCE,
            source: 'people',
            statusIfNew: 'subscribed',
          },
          configure: CONFIGURE,
        },
      },
    });
  });

  afterEach(async () => {
    await scene.close();
  });

  /** Copies the tables to a folder of the next day, as Customer Insights does, and changes one of them. */
  async function publishNextDay(table: string, change: (csv: string) => string): Promise<void> {
    for (const name of ['Customer', 'HighValueSegment', 'Dutch_and_Belgian']) {
      const folder = join(scene.folder, EXPORT, name, '2026/11');
      await rename(join(folder, '23'), join(folder, '24'));
    }
    const file = join(scene.folder, EXPORT, table, `2026/11/24/0200/${table}_1.csv`);
    await writeFile(file, change(await readFile(file, 'utf8')));
    const model = join(scene.folder, EXPORT, 'model.json');
    await writeFile(model, (await readFile(model, 'utf8')).replaceAll('2026/11/23', '2026/11/24'));
  }

  const tagsOf = () =>
    Object.fromEntries(
      [...scene.sandbox.members(AUDIENCE)].map(({ email, tags }) => [email, [...tags].toSorted()]),
    );

  test('sends each member of the segments as the model describes them, then what the next publication changes', async () => {
    expect(await scene.cli('config check')).toMatchObject({ code: 0, errors: '' });
    await scene.withWorker(async () => {
      await scene.connect();
      await scene.configure(CONFIGURE);
      const first = await scene.export();
      expect(first).toMatchObject({ status: 'completed', selected: 9 });
      expect(first.outcomes).toMatchObject({ created: 7, invalid: 1, duplicate: 1 });
      expect(tagsOf()).toMatchObject({
        'anna.devries@contoso.nl': ['Benelux', 'High value'],
        "p.o'brien@northwind.ie": ['High value'],
        'zoe.peeters@contoso.be': ['Benelux'],
      });
      const [anna] = [...scene.sandbox.members(AUDIENCE)].filter(({ email }) => email.startsWith('anna'));
      expect(anna?.mergeFields).toMatchObject({
        FNAME: 'Anna',
        LNAME: 'de Vries',
        SINCE: '2024-02-15',
        VALUE: 137.5,
        CREATED: '2024-02-15T08:01:00Z',
      });

      await publishNextDay('Dutch_and_Belgian', (csv) => csv.slice(csv.indexOf('\n') + 1));
      const second = await scene.export();
      expect(second.outcomes).toMatchObject({ created: 0, updated: 1, unchanged: 6 });
      expect(tagsOf()['anna.devries@contoso.nl']).toEqual(['High value']);
    });
  });

  test('is looked at by the commands for a source, without a worker', async () => {
    expect((await scene.cli('source segments')).output).toMatch(/^HighValueSegment +HighValueSegment$/m);
    expect((await scene.cli('source attributes')).output).toContain('EMail\n');
    const { code, output } = await scene.cli('source check');
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining('20 profiles with 12 attributes'),
    });
    expect((await scene.cli('source preview Dutch_and_Belgian --limit 1')).output).toContain('5 profiles');
  });

  test('a segment that the model does not have is a problem of the configuration', async () => {
    const people = { kind: 'cdm', root: 'lake' };
    const connect = {
      name: 'N',
      account: 'main',
      audienceId: AUDIENCE,
      source: 'people',
      statusIfNew: 'subscribed',
    };
    await scene.writeConfig({
      sources: { people },
      destinations: { d: { connect, configure: { email: 'EMail', segments: { HighValue: null } } } },
    });
    const { code, errors } = await scene.cli('config check');
    expect(code).toBe(1);
    expect(errors).toContain('has no segment "HighValue". Available: HighValueSegment');
  });
});
