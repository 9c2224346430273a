import { mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { run, runJson, type FakeTerminalOptions } from './terminal';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'cli-init-')));
  file = join(folder, 'temporal-mailchimp.yaml');
  process.env['MAILCHIMP_API_KEY'] = '0123456789abcdef0123456789abcdef-us1';
});

afterEach(async () => {
  delete process.env['MAILCHIMP_API_KEY'];
  await rm(folder, { recursive: true, force: true });
});

const init = (argv: readonly string[], options?: FakeTerminalOptions) =>
  run(['init', '--config', file, ...argv], options);

async function write(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const CUSTOMERS = 'CustomerId,FirstName,LastName,E-Mail,Country\n1,Ada,Lovelace,ada@lovelace.org,UK\n';

describe('init', () => {
  test.each([
    ['customers.parquet', 'PAR1 and nothing more'],
    ['customers.parquet', ''],
    ['customers.csv.gz', Buffer.from('1f8b08000000', 'hex')],
  ])('names a damaged file (%s: %s), and writes nothing', async (name, content) => {
    const profiles = await write(name, content);
    const { code, errors } = await init(['--profiles', profiles, '--key', 'Id', '--email', 'Email']);
    expect(code).toBe(1);
    expect(errors).toMatch(/^SOURCE_(MALFORMED|UNREADABLE): .*customers/);
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  test('writes a commented file from the header alone, which passes config check', async () => {
    const profiles = await write('customers.csv', CUSTOMERS);
    const { code, output } = await init(['--profiles', profiles]);
    expect(code).toBe(0);
    expect(output).toMatch(/Key +CustomerId\nE-mail +E-Mail\nFields +FNAME: FirstName, LNAME: LastName\n/);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('path: customers.csv\n');
    expect(text).toContain('sql: |-\n          SELECT "CustomerId" FROM profiles\n');
    expect(text).toContain('audienceId: "1a2b3c4d5e"');
    const [, schema = ''] = /^# yaml-language-server: \$schema=(.*)\n/.exec(text) ?? [];
    expect((await stat(resolve(folder, schema))).isFile()).toBe(true);
    expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 0 });
    expect(await run(['source', 'check', '--config', file])).toMatchObject({ code: 0 });
  });

  test.each([
    [
      'semicolons and Latin-1',
      ';',
      Buffer.from('Kunden-Nr;Vorname;Nachname;Email\n1;Søren;Müller;s@m.org\n', 'latin1'),
      'csv: { delimiter: ";", encoding: windows-1252 }',
    ],
    [
      'tabs',
      '\t',
      Buffer.from('id\tVorname\tNachname\temail\n1\tA, B\tC\ta@b.org\n'),
      'csv: { delimiter: "\\t" }',
    ],
    ['UTF-16', ',', Buffer.from('id,email\n1,a@b.org\n', 'utf16le'), 'csv: { encoding: utf-16le }'],
    [
      'UTF-16 with a byte order mark, which needs no setting,',
      ',',
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('id,email\n1,a@b.org\n', 'utf16le')]),
      'key: id # unique for each profile\n    # Further files',
    ],
    [
      'quotes around delimiters',
      ';',
      Buffer.from('id;"E-Mail; private"\n1;"a@b.org"\n'),
      'csv: { delimiter: ";" }',
    ],
  ])('detects %s', async (...[, , content, wanted]) => {
    const { code, errors } = await init(['--profiles', await write('customers.csv', content)]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(await readFile(file, 'utf8')).toContain(wanted);
    expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 0 });
  });

  test('reads other formats', async () => {
    const { code } = await init([
      '--profiles',
      await write('people.ndjson', '{"id":"1","email":"a@b.org"}\n'),
    ]);
    expect(code).toBe(0);
    expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 0 });
  });

  test('takes everything from options', async () => {
    const profiles = await write('people.csv', 'nr,"the mail",yes\n1,a@b.org,x\n');
    await write('orders.csv', 'person,total\n1,50\n');
    const sql = 'SELECT person FROM orders\nGROUP BY 1 HAVING sum(CAST(total AS DOUBLE)) > 40';
    const argv = [
      '--profiles',
      profiles,
      '--key',
      'yes',
      '--email',
      'the mail',
      '--account',
      'shop',
      '--audience',
      'abcdef0123',
    ];
    const { code, errors } = await init([
      ...argv,
      '--api-key',
      'file:mailchimp.key',
      '--table',
      `orders=${join(folder, 'orders.csv')}`,
      '--segment',
      `big=${sql}`,
      '--status-if-new',
      'pending',
    ]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    await write('mailchimp.key', '0123456789abcdef0123456789abcdef-us1');
    const { document } = await runJson(['config', 'check', '--config', file]);
    expect(document).toMatchObject({
      accounts: ['shop'],
      sources: ['customers'],
      destinations: ['newsletter'],
    });
    const text = await readFile(file, 'utf8');
    expect(text).toContain('key: "yes"');
    expect(text).toContain('statusIfNew: pending');
    expect(text).toContain('GROUP BY 1 HAVING');
  });

  test('asks on a terminal for what no option says, and proposes', async () => {
    const profiles = await write('customers.csv', 'nr,contact,name\n1,a@b.org,x\n');
    const { code, errors } = await init([], { answers: [profiles, 'nr', '', 'contact', ''] });
    expect(code).toBe(0);
    expect(errors).toContain('Column with the unique key (nr, contact, name) [nr]: ');
    expect(errors).toContain('Audience id [1a2b3c4d5e]: ');
    expect(await readFile(file, 'utf8')).toContain('email: contact');
  });

  test('without a terminal says which option is missing', async () => {
    expect(await init([])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('--profiles is needed'),
    });
    const profiles = await write('customers.csv', 'nr,contact\n1,a@b.org\n');
    expect(await init(['--profiles', profiles])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('--email is needed'),
    });
  });

  test('never overwrites a file, unless it is told to', async () => {
    const profiles = await write('customers.csv', CUSTOMERS);
    await write('temporal-mailchimp.yaml', 'mine');
    const { code, errors } = await init(['--profiles', profiles]);
    expect({ code, errors }).toEqual({
      code: 1,
      errors: expect.stringMatching(/^INPUT_INVALID: .*exists already.*--force/),
    });
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect((await init(['--profiles', profiles, '--force'])).code).toBe(0);
    expect(await readFile(file, 'utf8')).not.toBe('mine');
  });

  test('leaves no file behind that does not work', async () => {
    const profiles = await write('customers.csv', CUSTOMERS);
    const column = await init(['--profiles', profiles, '--key', 'Customer']);
    expect(column.errors).toMatch(/^INPUT_INVALID: The file has no column "Customer"\. It has: CustomerId, /);
    const sql = await init(['--profiles', profiles, '--segment', 'a=SELECT nothing FROM profiles']);
    expect(sql.errors).toMatch(/^CONFIG_INVALID: [^]*sources\.customers\.segments\.a: .*"nothing"/);
    const missing = await init(['--profiles', join(folder, 'none.csv')]);
    expect(missing.errors).toMatch(/^SOURCE_UNREADABLE: /);
    await expect(stat(file)).rejects.toThrow('ENOENT');
    await expect(stat(`${file}.new`)).rejects.toThrow('ENOENT');
  });
});
