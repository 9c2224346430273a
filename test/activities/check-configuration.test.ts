import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCheckConfiguration } from '../../src/activities/check-configuration';
import { WorkerConfigSchema } from '../../src/config/config';
import {
  ConfigureInputSchema,
  TagNameSchema,
  type Configuration,
  type ConfigureInput,
} from '../../src/contract/destination';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { openResources, type Resources } from '../../src/plugin/resources';
import { assignTags } from '../../src/workflows/destination/tag-identity';
import { callMailchimp, tagIdOf } from '../support/mailchimp';

const AUDIENCE = '1a2b3c4d5e';
const KEY = 'CHECK_CONFIGURATION_KEY';
const NAMES: Readonly<Record<string, string>> = {
  plain: ' VIP ',
  long: 'x'.repeat(101),
  lines: 'VIP\nof all',
  escape: 'VIP\u001b[2J',
  blank: '  ',
};

let folder: string;
let sandbox: Sandbox;
let resources: Resources;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-configuration-'));
  const groups = { News: ['Weekly', 'Daily'] };
  sandbox = await startSandbox({ audiences: [{ id: AUDIENCE, name: 'Newsletter', groups }] });
  process.env[KEY] = sandbox.apiKey;
  await writeFile(join(folder, 'p.csv'), 'id,email\n1,ada@shop.test\n');
  const segments = Object.entries(NAMES).map(([id, name]) => [id, { name, sql: 'SELECT id FROM profiles' }]);
  const config = WorkerConfigSchema.parse({
    staging: { folder: 'staging' },
    accounts: { main: { apiKey: `env:${KEY}`, baseUrl: sandbox.url } },
    sources: {
      people: {
        kind: 'files',
        profiles: { path: 'p.csv', key: 'id' },
        segments: Object.fromEntries(segments) as object,
      },
    },
  });
  resources = await openResources(config, folder);
});

afterAll(async () => {
  await resources.close();
  await sandbox.close();
  await rm(folder, { recursive: true });
  delete process.env[KEY];
});

type Own = Configuration['segments'];

async function configure(
  segments: Readonly<Record<string, string | null>>,
  { own = [], ...more }: { own?: Own } & Partial<ConfigureInput> = {},
) {
  const request = ConfigureInputSchema.parse({ email: 'email', segments, ...more });
  const checked = await createCheckConfiguration(resources)({
    destinationId: 'newsletter',
    account: 'main',
    audienceId: AUDIENCE,
    source: 'people',
    request,
  });
  return { ...checked, segments: assignTags(checked.segments, { own, adoptTags: request.adoptTags }) };
}

const configureGroups = (groups: Record<string, string>) => configure({ plain: 'Of its own' }, { groups });

const group = (name: string) => ({
  type: 'group',
  name,
  tag: expect.stringMatching(/^group:[0-9a-f]{10}$/),
});

test('a segment becomes a tag of its own name, trimmed', async () => {
  expect((await configure({ plain: null })).segments).toMatchObject([{ segment: 'plain', tag: 'VIP' }]);
});

test.each(['long', 'lines', 'escape', 'blank'])(
  'a segment name that cannot be a tag is refused without quoting it, and another tag is accepted: %s',
  async (segment) => {
    await expect(configure({ [segment]: null })).rejects.toMatchObject({
      code: 'TAG_INVALID',
      message: expect.stringContaining(`The segment ${segment} has a name that cannot be a tag`),
    });
    expect((await configure({ [segment]: 'VIP' })).segments).toMatchObject([{ segment, tag: 'VIP' }]);
  },
);

test.each([
  ['trimmed', ' VIP ', 'VIP'],
  ['in NFC', 'Cafe\u0301', 'Caf\u00e9'],
  ['of 100 characters', 'x'.repeat(100), 'x'.repeat(100)],
])('a tag name is accepted: %s', (_, name, accepted) => {
  expect(TagNameSchema.parse(name)).toBe(accepted);
});

test.each([
  ['of 101 characters', 'x'.repeat(101)],
  ['blank', ' \t '],
  ['with a control character', 'VIP\u0007'],
  ['with a line break', 'VIP\nof all'],
])('a tag name is refused: %s', (_, name) => {
  expect(ConfigureInputSchema.safeParse({ segments: { plain: name } }).success).toBe(false);
});

test('all that is wrong is named at once: attributes, segments, merge fields and tags', async () => {
  const wrong = configure(
    { plain: null, long: null, gone: 'A', lost: 'B' },
    { email: 'mail', fields: { FNAME: 'first', NICK: 'id', PET: 'id' }, latest: 'changed' },
  );
  const lines = [
    '^4 settings are wrong:',
    '- ATTRIBUTE_NOT_FOUND: .* no attribute "mail", "changed", "first"\\..*',
    '- SEGMENT_NOT_FOUND: .* no segment "gone", "lost"\\. Choose from: "plain".*',
    '- TAG_INVALID: The segment long has a name that cannot be a tag.*',
    '- MERGE_FIELD_NOT_FOUND: .* no merge field NICK, PET\\. It has: "FNAME".*$',
  ];
  await expect(wrong).rejects.toMatchObject({
    code: 'ATTRIBUTE_NOT_FOUND',
    message: expect.stringMatching(new RegExp(lines.join('\n'))),
    details: { problems: 4 },
  });
});

test.each([
  ['VIP', 'vip'],
  ['Cafe\u0301', 'CAF\u00c9'],
  [' VIP', 'VIP '],
])('two segments do not become one tag: %j and %j', async (one, other) => {
  await expect(configure({ plain: one, long: other })).rejects.toMatchObject({ code: 'TAG_INVALID' });
});

const own = async (segment: string): Promise<Own> => [
  {
    segment,
    tag: 'Ours',
    tagId: await tagIdOf(sandbox, AUDIENCE, 'Ours'),
    knownAs: 'Ours',
  },
];

describe('a tag that exists in the audience', () => {
  beforeAll(async () => {
    const segments = `POST /lists/${AUDIENCE}/segments`;
    await callMailchimp(sandbox, segments, { name: 'Theirs', static_segment: [] });
    await callMailchimp(sandbox, segments, { name: 'Ours', static_segment: [] });
  });

  test('is refused, whatever its case, unless existing tags are allowed', async () => {
    await expect(configure({ plain: 'THEIRS' })).rejects.toMatchObject({ code: 'TAG_TAKEN' });
    const { segments } = await configure({ plain: 'THEIRS' }, { adoptTags: true });
    const tagId = await tagIdOf(sandbox, AUDIENCE, 'Theirs');
    expect(segments).toMatchObject([{ tag: 'Theirs', tagId, knownAs: 'Theirs', isAdopted: true }]);
  });

  test('keeps its id when its segment is configured again, with the same name or another', async () => {
    const [{ tagId }] = (await own('plain')) as [Own[number]];
    for (const tag of ['Ours', 'Renamed']) {
      const { segments } = await configure({ plain: tag }, { own: await own('plain') });
      expect(segments).toMatchObject([{ tag, tagId, knownAs: 'Ours' }]);
    }
    await expect(configure({ plain: 'Theirs' }, { own: await own('plain') })).rejects.toMatchObject({
      code: 'TAG_TAKEN',
    });
  });

  test('passes to another segment only when its own segment is no longer chosen', async () => {
    const [{ tagId }] = (await own('long')) as [Own[number]];
    const { segments } = await configure({ plain: 'ours' }, { own: await own('long') });
    expect(segments).toMatchObject([{ segment: 'plain', tag: 'ours', tagId, knownAs: 'Ours' }]);
    expect(segments[0]).not.toHaveProperty('isAdopted');
    await expect(
      configure({ plain: 'Ours', long: 'Other' }, { own: await own('long') }),
    ).rejects.toMatchObject({
      code: 'TAG_TAKEN',
      message: expect.stringContaining('belongs to the segment long of this destination'),
    });
  });

  test('that was adopted and not exported with yet is still to be read after a rename, or for another segment', async () => {
    const [ours] = (await own('long')) as [Own[number]];
    const adopted = { own: [{ ...ours, isAdopted: true }] };
    const { tagId } = ours;
    for (const request of [{ long: 'Ours' }, { long: 'Renamed' }, { plain: 'Ours' }]) {
      const { segments } = await configure(request, adopted);
      expect(segments).toMatchObject([{ tagId, isAdopted: true }]);
    }
  });
});

describe('the matching', () => {
  beforeAll(async () => {
    const fields = `POST /lists/${AUDIENCE}/merge-fields`;
    await callMailchimp(sandbox, fields, { name: 'Joined', tag: 'JOINED', type: 'date' });
    await callMailchimp(sandbox, fields, { name: 'Born', tag: 'BORN', type: 'birthday' });
  });

  test('keeps the settings of a field, of opt-outs, of values that do not fit and of the latest profile', async () => {
    const settings = { strict: true, optedOut: 'skip', latest: 'id' } as const;
    const fields = { FNAME: 'id', JOINED: { attribute: 'id', empty: 'keep', format: 'DD.MM.YYYY' } } as const;
    const configuration = await configure({ plain: 'Of its own' }, { ...settings, fields });
    expect(configuration).toMatchObject({
      ...settings,
      fields: [
        { attribute: 'id', empty: 'clear', field: { tag: 'FNAME' } },
        { attribute: 'id', empty: 'keep', format: 'DD.MM.YYYY', field: { tag: 'JOINED', type: 'date' } },
      ],
    });
    const plain = await configure({ plain: 'Of its own' });
    expect(plain).toMatchObject({ strict: false, optedOut: 'update', latest: null, fields: [] });
  });

  test('keeps the formats of a field and of the latest profile, and refuses a decimal mark of another type', async () => {
    const latest = { attribute: 'id', format: 'EXCEL' } as const;
    expect(await configure({ plain: 'Of its own' }, { latest })).toMatchObject({
      latest: 'id',
      latestFormat: 'EXCEL',
    });
    const decimal = configure(
      { plain: 'Of its own' },
      { fields: { FNAME: { attribute: 'id', decimal: ',' } } },
    );
    await expect(decimal).rejects.toMatchObject({ code: 'MERGE_FIELD_UNSUPPORTED' });
    const other = { attribute: 'changed', format: 'EXCEL' } as const;
    await expect(configure({ plain: 'Of its own' }, { latest: other })).rejects.toMatchObject({
      code: 'ATTRIBUTE_NOT_FOUND',
    });
  });

  test('takes several addresses in their order, and refuses one that the source does not have', async () => {
    const configuration = await configure({ plain: 'Of its own' }, { email: ['email', 'id', 'email'] });
    expect(configuration).toMatchObject({ email: 'email', otherEmails: ['id'] });
    expect(await configure({ plain: 'Of its own' }, { email: ['email'] })).not.toHaveProperty('otherEmails');
    await expect(configure({ plain: 'Of its own' }, { email: ['email', 'home'] })).rejects.toMatchObject({
      code: 'ATTRIBUTE_NOT_FOUND',
      message: expect.stringContaining('"home"'),
    });
    await expect(configure({ plain: 'Of its own' }, { email: '' })).rejects.toMatchObject({
      code: 'EMAIL_NOT_MATCHED',
    });
  });

  test('takes groups by their names in any case, language, evidence and who may be added', async () => {
    const configuration = await configure(
      { plain: 'Of its own' },
      {
        groups: { 'news/WEEKLY': 'id', 'News/Daily': { sql: "id || ''", empty: 'keep' } },
        language: { sql: 'lower(ID)' },
        addOnlyIf: 'id',
        signup: { at: 'id' },
      },
    );
    expect(configuration).toMatchObject({
      fields: [
        { attribute: 'id', empty: 'clear', field: group('News/Weekly') },
        { attribute: "id || ''", empty: 'keep', field: group('News/Daily') },
        { attribute: 'lower(ID)', empty: 'keep', field: { tag: 'member:language', type: 'language' } },
      ],
      addOnlyIf: 'id',
      signup: { at: 'id' },
      expressions: [
        { sql: "id || ''", reads: ['id'] },
        { sql: 'lower(ID)', reads: ['id'] },
      ],
    });
  });

  test('refuses groups that the audience does not have, and one that is matched twice', async () => {
    await expect(configureGroups({ 'News/Monthly': 'id' })).rejects.toMatchObject({
      code: 'GROUP_NOT_FOUND',
      message: expect.stringMatching(/no group "News\/Monthly"\..* it has: "News\/Weekly", "News\/Daily"/),
    });
    await expect(configureGroups({ 'News/Weekly': 'id', 'NEWS/weekly': 'id' })).rejects.toMatchObject({
      code: 'GROUP_NOT_FOUND',
    });
  });

  test('takes an address from its parts, and no address from one attribute', async () => {
    const address = { addr1: 'id', city: 'id', state: { sql: "'-'" }, zip: 'email' };
    const configuration = await configure({ plain: 'Of its own' }, { fields: { ADDRESS: { address } } });
    expect(configuration.fields).toMatchObject([
      { attribute: 'id', address: { addr1: 'id', city: 'id', state: "'-'", zip: 'email' }, empty: 'clear' },
    ]);
    for (const fields of [{ ADDRESS: 'id' }, { FNAME: { address } }])
      await expect(configure({ plain: 'Of its own' }, { fields })).rejects.toMatchObject({
        code: 'MERGE_FIELD_UNSUPPORTED',
      });
  });

  test('refuses an expression that is wrong, or that is the name of an attribute, with all else that is wrong', async () => {
    const fields = { FNAME: { sql: 'middle' }, LNAME: { sql: 'id' } };
    await expect(
      configure({ plain: 'Of its own' }, { fields, groups: { None: 'id' } }),
    ).rejects.toMatchObject({
      code: 'EXPRESSION_INVALID',
      message: expect.stringMatching(
        /no attribute "middle"[^]*is the name of an attribute[^]*GROUP_NOT_FOUND/,
      ),
      details: { problems: 3 },
    });
  });

  test.each([
    { FNAME: {} },
    { FNAME: { attribute: 'id', sql: 'id' } },
    { FNAME: { address: { addr1: 'id', city: 'id', zip: 'id' } } },
  ])('has one kind of value for a field, and all parts of an address: %j', (fields) => {
    expect(ConfigureInputSchema.safeParse({ segments: { plain: null }, fields }).success).toBe(false);
  });

  test('refuses attributes that the source does not have, for a field or as the latest', async () => {
    const absent = { code: 'ATTRIBUTE_NOT_FOUND', message: expect.stringContaining('"changed"') };
    await expect(configure({ plain: 'Of its own' }, { latest: 'changed' })).rejects.toMatchObject(absent);
    const fields = { FNAME: { attribute: 'changed' } };
    await expect(configure({ plain: 'Of its own' }, { fields })).rejects.toMatchObject(absent);
  });

  test.each([
    ['FNAME', 'DD/MM/YYYY'],
    ['JOINED', 'DD/MM'],
  ] as const)('refuses for %s the format %s, which its type cannot have', async (tag, format) => {
    await expect(
      configure({ plain: 'Of its own' }, { fields: { [tag]: { attribute: 'id', format } } }),
    ).rejects.toMatchObject({ code: 'MERGE_FIELD_UNSUPPORTED' });
    const born = await configure({ plain: 'Of its own' }, { fields: { BORN: { attribute: 'id', format } } });
    expect(born.fields).toMatchObject([{ format }]);
  });
});
