import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run, runJson } from './terminal';

const SECRET = 'fedcba98765432100123456789abcdef-us1';

const VALID = `
temporal: { taskQueue: exports }
accounts: { main: { apiKey: env:CLI_CONFIG_KEY } }
sources:
  crm:
    kind: files
    profiles: { path: profiles.csv, key: id }
    segments: { vip: { sql: SELECT id FROM profiles } }
destinations:
  newsletter:
    connect: { name: News, account: main, audienceId: 1a2b3c4d5e, source: crm, statusIfNew: pending }
    configure: { email: email, segments: { vip: VIP } }
`;

describe('the configuration file', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-config-'));
    await writeFile(join(folder, 'profiles.csv'), 'id,email\n1,a@mail.chinook.org\n');
    process.env['CLI_CONFIG_KEY'] = SECRET;
  });

  afterAll(async () => {
    delete process.env['CLI_CONFIG_KEY'];
    await rm(folder, { recursive: true, force: true });
  });

  const check = async (text: string) => {
    const file = join(folder, 'temporal-mailchimp.yaml');
    await writeFile(file, text);
    return run(['config', 'check', '--config', file]);
  };

  test('is summarized when it is valid, with the overriding options', async () => {
    const { code, output } = await check(VALID);
    expect(code).toBe(0);
    expect(output).toContain('temporal-mailchimp.yaml is valid.');
    expect(output).toContain('127.0.0.1:7233, namespace default, task queue exports');
    expect(output).toMatch(/Destinations +newsletter/);

    const file = join(folder, 'temporal-mailchimp.yaml');
    const { document } = await runJson([
      'config',
      'check',
      '--config',
      file,
      '--address',
      'here:1',
      '--namespace',
      'n',
    ]);
    expect(document).toMatchObject({
      temporal: { address: 'here:1', namespace: 'n', taskQueue: 'exports' },
      accounts: ['main'],
      sources: ['crm'],
      destinations: ['newsletter'],
    });
  });

  test.each([
    [
      'an unknown key',
      VALID.replace('taskQueue', 'taskqueue'),
      'CONFIG_INVALID',
      'there is no setting "taskqueue"',
    ],
    [
      'a kind that does not exist',
      VALID.replace('kind: files', 'kind: file'),
      'CONFIG_INVALID',
      '✖ one of files, cdm, postgres, sql, dataverse, not the text "file"\n  → at sources.',
    ],
    [
      'an id that YAML reads as a number',
      VALID.replace(/audienceId: \w+/, 'audienceId: 12345678'),
      'CONFIG_INVALID',
      'a text, not 12345678; put it in quotes',
    ],
    [
      'a key in plain text',
      VALID.replace('env:CLI_CONFIG_KEY', 'abc-us1'),
      'CONFIG_INVALID',
      'a reference to a secret, env:VARIABLE or file:PATH, and not its text',
    ],
    [
      'a key in place of a reference',
      VALID.replace('env:CLI_CONFIG_KEY', 'file:0123456789abcdef0123456789abcdef-us1'),
      'CONFIG_INVALID',
      'this looks like the key itself',
    ],
    [
      'Mailchimp itself, unencrypted',
      VALID.replace('env:CLI_CONFIG_KEY', 'env:K, baseUrl: "http://us1.api.mailchimp.com/3.0"'),
      'CONFIG_INVALID',
      'would send the key unencrypted',
    ],
    ...['htps://proxy.test/3.0', 'file:///etc/passwd', 'proxy.test'].map(
      (url): [string, string, string, string] => [
        `the address ${url}`,
        VALID.replace('env:CLI_CONFIG_KEY', `env:CLI_CONFIG_KEY, baseUrl: "${url}"`),
        'CONFIG_INVALID',
        'a URL that starts with https:// or http://',
      ],
    ),
    [
      'a password in a URL',
      VALID.replace('env:CLI_CONFIG_KEY', 'env:CLI_CONFIG_KEY, baseUrl: "https://me:abc-us1@proxy.test"'),
      'CONFIG_INVALID',
      'a URL without user and password',
    ],
    [
      'an unknown segment with the name of an object property',
      VALID.replace('{ vip: VIP }', '{ constructor: VIP }'),
      'CONFIG_INVALID',
      'no segment "constructor"',
    ],
    [
      'an unknown account',
      VALID.replace('account: main', 'account: other'),
      'CONFIG_INVALID',
      'no account "other"',
    ],
    ['an unknown source', VALID.replace('source: crm', 'source: erp'), 'CONFIG_INVALID', 'no source "erp"'],
    [
      'an unknown segment',
      VALID.replace('{ vip: VIP }', '{ gone: VIP }'),
      'CONFIG_INVALID',
      'no segment "gone"',
    ],
    ...(
      [
        ['daily: "02:30"', 'daily', 'a list, not a text'],
        ['cron: "0 3 * * *"', 'cron', 'a list, not a text'],
        ['cron: ["61 3 * * *"]', 'cron[0]', 'a cron expression whose minute is from 0 to 59'],
        ['daily: ["02:30"], weekdays: [mo]', 'weekdays[0]', 'one of mon, tue,'],
        ['daily: ["02:30"], start: 2027-02-30', 'start', 'not the text "2027-02-30"'],
        ['cron: [30 2 30 2 *]', 'schedule', 'it never starts a refresh: no day matches 30 2 30 2 *'],
        [
          'every: 6h, end: 2020-01-01',
          'schedule',
          'it never starts a refresh: its end, 2020-01-01, has passed',
        ],
      ] as const
    ).flatMap(([schedule, place, said]): [string, string, string, string][] => {
      const text = `${VALID}    schedule: { ${schedule} }\n`;
      return [place, said].map((words) => [`the schedule ${schedule}`, text, 'CONFIG_INVALID', words]);
    }),
    [
      'a text for a number of hours',
      VALID.replace('segments: { vip: VIP }', 'segments: { vip: VIP }, staleAfterHours: 26 h'),
      'CONFIG_INVALID',
      'a number, not the text "26 h"',
    ],
    ['broken YAML', 'accounts: [', 'CONFIG_INVALID', 'is not valid YAML at line'],
    ['an unknown YAML tag', 'accounts: !vault 0123456789abcdef', 'CONFIG_INVALID', 'at line 1, column 11'],
    [
      'an alias without an anchor',
      'accounts: *0123456789abcdef',
      'CONFIG_INVALID',
      'an alias without an anchor',
    ],
    ['nothing in it', '', 'CONFIG_INVALID', 'accounts'],
  ])('with %s is refused, and where is said', async (...[, text, wanted, said]) => {
    const { code, output, errors } = await check(text);
    expect(code).toBe(1);
    expect(output).toBe('');
    expect(errors).toMatch(new RegExp(`^${wanted}: `));
    expect(errors).toContain(said);
    expect(errors).not.toMatch(/abc-us1|0123456789abcdef/);
  });

  test('is checked with all that it names: every problem is reported at once, in one line', async () => {
    await writeFile(join(folder, 'broken.csv'), '"id,email\n');
    const { code, output, errors } = await check(`
temporal: { apiKey: file:missing.key, tls: { serverCaCert: file:missing.pem } }
accounts: { main: { apiKey: env:CLI_CONFIG_KEY }, other: { apiKey: env:CLI_CONFIG_NOT_SET } }
sources:
  crm:
    kind: files
    profiles: { path: profiles.csv, key: id }
    tables: { orders: { path: orders.csv }, broken: { path: broken.csv } }
    segments:
      good: { sql: SELECT id FROM profiles WHERE email LIKE '%.org' }
      typo: { sql: SELECT ident FROM profiles }
      broken: { sql: SELEC id FROM profiles }
      two: { sql: SELECT id FROM profiles; DROP TABLE profiles }
      files: { sql: SELECT id FROM read_csv('/etc/passwd') }
      listed: { members: { path: members.csv, key: id } }
      orders: { sql: SELECT id FROM orders }
  erp:
    kind: files
    profiles: { path: "none/*.csv", key: id }
    segments: {}
destinations:
  newsletter:
    connect: { name: News, account: mian, audienceId: 1a2b3c4d5e, source: crm, statusIfNew: pending }
    configure: { email: Email, latest: changed, fields: { FNAME: first }, segments: { gone: null, good: null } }
`);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    const [first, ...lines] = errors.trimEnd().split('\n');
    expect(first).toMatch(/^CONFIG_INVALID: The configuration file .*\.yaml has 16 problems:$/);
    expect(lines).toEqual([
      '  destinations.newsletter.connect.account: there is no account "mian". Did you mean "main"? Available: main, other.',
      '  destinations.newsletter.configure.segments: the source "crm" has no segment "gone". Did you mean "good"? Available: good, typo, broken, two, files, listed, orders.',
      expect.stringContaining(
        '  accounts.other.apiKey: The secret env:CLI_CONFIG_NOT_SET is empty or not set',
      ),
      expect.stringContaining('  temporal.apiKey: The secret file:missing.key could not be read (ENOENT)'),
      expect.stringContaining('  temporal.tls.serverCaCert: The secret file:missing.pem could not be read'),
      expect.stringContaining('  sources.crm.tables.orders: table orders: there is no file orders.csv'),
      expect.stringContaining(
        '  sources.crm.segments.listed: members of listed: there is no file members.csv',
      ),
      expect.stringMatching(/^ {2}sources\.crm\.tables\.broken: broken\.csv.* a quote in it does not close/),
      expect.stringMatching(/^ {2}sources\.crm\.segments\.typo: .*"ident"/),
      expect.stringMatching(/^ {2}sources\.crm\.segments\.broken: .*syntax error/),
      expect.stringMatching(/^ {2}sources\.crm\.segments\.two: .*only a SELECT is allowed/),
      expect.stringMatching(/^ {2}sources\.crm\.segments\.files: .*calls read_csv\(\)/),
      '  destinations.newsletter.configure.email: the source has no attribute "Email". Did you mean "email"? Available: id, email.',
      '  destinations.newsletter.configure.latest: the source has no attribute "changed". Available: id, email.',
      '  destinations.newsletter.configure.fields.FNAME: the source has no attribute "first". Available: id, email.',
      expect.stringContaining('  sources.erp.profiles: profiles: there is no file none/*.csv'),
      expect.stringMatching(/^Without a key of Mailchimp, try it with a sandbox: .* dev$/),
    ]);
    expect(errors).not.toContain(SECRET.slice(0, 8));
  });

  test('is checked with its encryption keys: each has to be there, and to be a key', async () => {
    process.env['CLI_CONFIG_CODEC_KEY'] = 'c2hvcnQ=';
    const keys = '{ old: env:CLI_CONFIG_NO_KEY, new: env:CLI_CONFIG_CODEC_KEY }';
    const encryption = `{ taskQueue: exports, encryption: { use: new, keys: ${keys} } }`;
    const { code, errors } = await check(VALID.replace('{ taskQueue: exports }', encryption));
    delete process.env['CLI_CONFIG_CODEC_KEY'];
    expect(code).toBe(1);
    expect(errors.split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(
        /^ {2}temporal\.encryption\.keys\.old: The secret env:CLI_CONFIG_NO_KEY is empty/,
      ),
      expect.stringMatching(/^ {2}temporal\.encryption\.keys\.new: The encryption key "new" has 5 bytes/),
    ]);
    expect(errors).not.toContain('c2hvcnQ');
  });

  test('is an error for every command that could use it when --config names a missing file', async () => {
    const file = join(folder, 'missing.yaml');
    for (const command of [
      ['config', 'check'],
      ['destination', 'list'],
      ['source', 'check'],
      ['worker'],
      ['dev'],
    ]) {
      const { code, errors } = await run([...command, '--config', file]);
      expect({ command, code }).toEqual({ command, code: 1 });
      expect(errors).toContain(`CONFIG_UNREADABLE: The configuration file ${file} could not be read (`);
    }
  });

  test('is missing: dev says what to do', async () => {
    const { code, errors } = await run(['dev']);
    expect(code).toBe(1);
    expect(errors).toContain('CONFIG_UNREADABLE: There is no temporal-mailchimp.yaml in this folder');
    expect(errors).toContain('temporal-mailchimp demo --keep');
  });
});

describe('the schema of the configuration file', () => {
  test('in the package is the same as the printed one', async () => {
    const { code, output } = await run(['config', 'schema']);
    expect(code).toBe(0);
    const stored = await readFile(resolve(__dirname, '../../schema/temporal-mailchimp.schema.json'), 'utf8');
    // Out of step: npm run build && node scripts/write-config-schema.js
    expect(JSON.parse(stored)).toEqual(JSON.parse(output));
  });

  test('requires what the program requires, and describes each key', async () => {
    const { document } = await runJson(['config', 'schema']);
    expect(document).toMatchObject({
      type: 'object',
      required: ['accounts', 'sources'],
      additionalProperties: false,
      properties: {
        temporal: { properties: { taskQueue: { description: expect.stringContaining('worker') } } },
      },
    });
  });
});
