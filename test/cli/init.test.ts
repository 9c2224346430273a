import { mkdtemp, readFile, realpath, rm, stat, writeFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeDataverse } from '../support/dataverse/fake-dataverse';
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

  test('detects delimiter and encoding of each further table', async () => {
    const profiles = await write('customers.csv', CUSTOMERS);
    const orders = await write('orders.csv', Buffer.from('Kunde;Ort\n1;Köln\n', 'latin1'));
    const argv = ['--profiles', profiles, '--table', `orders=${orders}`];
    const { code, errors } = await init([
      ...argv,
      '--segment',
      "koeln=SELECT Kunde FROM orders WHERE Ort = 'Köln'",
    ]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(await readFile(file, 'utf8')).toContain(
      'orders: { path: orders.csv, csv: { delimiter: ";", encoding: windows-1252 } }',
    );
    const { output } = await run(['source', 'check', '--config', file]);
    expect(output).toMatch(/koeln +koeln +1/);
  });

  test('names the table whose file is not there', async () => {
    const profiles = await write('customers.csv', CUSTOMERS);
    const { code, errors } = await init(['--profiles', profiles, '--table', 'orders=orders.csv']);
    expect(code).toBe(1);
    expect(errors).toMatch(/^SOURCE_UNREADABLE: table orders: there is no file orders\.csv/);
    await expect(stat(file)).rejects.toThrow('ENOENT');
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

  test('never overwrites a file without --force', async () => {
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

  test('at the same time as another one, either writes its whole file or says that there is one', async () => {
    const profiles = await write('customers.csv', CUSTOMERS);
    const both = await Promise.all([1, 2].map(() => init(['--profiles', profiles])));
    expect(new Set(both.map(({ code }) => code))).toEqual(new Set([0, 1]));
    expect(both.find(({ code }) => code === 1)?.errors).toContain('exists already');
    expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 0 });
    expect((await readdir(folder)).filter((name) => name.includes('.new'))).toEqual([]);
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

describe('init with an export of Customer Insights', () => {
  const lake = join(__dirname, '../sources/cdm/sample');

  test('finds the model, its table of customers, and its segments', async () => {
    const { code, errors, document } = await runJson(['init', '--config', file, '--cdm', lake]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(document).toMatchObject({
      kind: 'cdm',
      profiles: 'Customer',
      key: 'CustomerId',
      segments: ['HighValueSegment', 'Dutch_and_Belgian'],
    });
    expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 0 });
  });

  test('with further files, makes a source of SQL over both', async () => {
    const orders = await write('orders.csv', 'customer,total\nce759201f786d590bf2134bff576c369,50\n');
    const argv = ['--cdm', lake, '--table', `orders=${orders}`];
    const sql = 'SELECT customer FROM orders JOIN customers ON CustomerId = customer';
    const { code, errors } = await init([...argv, '--segment', `buyers=${sql}`]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(await readFile(file, 'utf8')).toContain('kind: sql\n');
    expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 0 });
  });

  test('names what the folder does not have, and writes nothing', async () => {
    const { code, errors } = await init(['--cdm', folder]);
    expect({ code, errors }).toEqual({
      code: 1,
      errors: expect.stringMatching(/^SOURCE_UNREADABLE: There is no model\.json/),
    });
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });
});

describe('init with Customer Insights in Dataverse', () => {
  let dataverse: FakeDataverse;

  beforeEach(async () => {
    dataverse = await FakeDataverse.start();
    await write('secret', dataverse.credentials.clientSecret);
    const columns = ['msdynci_customerid', 'msdynci_email', 'msdynci_firstname', 'msdynci_lastname'];
    const [ada, ben] = [
      ['c1', 'ada@nordlichtpost.de', 'Ada', 'L'],
      ['c2', 'ben@nordlichtpost.de', 'Ben', 'M'],
    ];
    dataverse.put({ name: 'msdynci_customerprofile', columns, rows: [ada, ben] });
    dataverse.put({
      name: 'msdynci_segmentmembership',
      columns: ['msdynci_customerid', 'msdynci_segments'],
      rows: [['c1', '{"Segments":["HighValue"]}']],
    });
    dataverse.put({
      name: 'mscipriv_segmentmetadata',
      columns: ['mscipriv_name', 'mscipriv_friendlyname'],
      rows: [['HighValue', 'High value']],
    });
  });

  afterEach(() => dataverse.close());

  const environment = () =>
    [
      ['--dataverse', dataverse.url, '--authority', dataverse.url],
      ['--tenant', dataverse.credentials.tenantId, '--client', dataverse.credentials.clientId],
      ['--secret', 'file:secret'],
    ].flat();

  test('finds the columns and the segments, and writes the secret by reference', async () => {
    const { code, errors, document } = await runJson(['init', '--config', file, ...environment()]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(document).toMatchObject({
      kind: 'dataverse',
      profiles: 'msdynci_customerprofile',
      key: 'msdynci_customerid',
      email: 'msdynci_email',
      fields: { FNAME: 'msdynci_firstname', LNAME: 'msdynci_lastname' },
      segments: ['HighValue'],
    });
    const text = await readFile(file, 'utf8');
    expect(text).toContain('clientSecret: "file:secret"\n');
    expect(text).not.toContain(dataverse.credentials.clientSecret);
    expect(await run(['config', 'check', '--config', file])).toMatchObject({ code: 0 });
    expect((await run(['source', 'check', '--config', file])).output).toMatch(/HighValue +High value +1/);
  });

  test('on a terminal, asks for what no option says', async () => {
    const { tenantId, clientId } = dataverse.credentials;
    const answers = [tenantId, clientId, 'file:secret', '', '', ''];
    const argv = ['--dataverse', dataverse.url, '--authority', dataverse.url];
    expect(await init(argv, { answers })).toMatchObject({
      code: 0,
      errors: expect.stringContaining('Application (client) id: '),
    });
    expect(await readFile(file, 'utf8')).toContain(`tenantId: ${JSON.stringify(tenantId)}\n`);
  });

  test('with SQL or further files, makes a source of SQL over both', async () => {
    const orders = await write('orders.csv', 'customer,total\nc2,50\n');
    const sql = 'SELECT customer FROM orders JOIN customers ON msdynci_customerid = customer';
    const argv = [...environment(), '--table', `orders=${orders}`, '--segment', `buyers=${sql}`];
    const { code, errors } = await init(argv);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(await readFile(file, 'utf8')).toContain('kind: sql\n');
    expect((await run(['source', 'check', '--config', file])).output).toMatch(/buyers +buyers +1/);
  });

  test('says what Entra refuses, and writes nothing', async () => {
    await write('secret', 'wrong');
    const { code, errors } = await init(environment());
    expect({ code, errors }).toEqual({
      code: 1,
      errors: expect.stringMatching(/^SOURCE_UNREADABLE: Microsoft Entra refused .*AADSTS7000215/),
    });
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });
});

describe('init with a database', () => {
  test.each([
    ['postgres://reader:secret@db.internal/crm', /the URL has a password: put the URL into a variable/],
    ['db.internal', /--postgres takes env:VARIABLE or file:PATH/],
    ['postgres://db.internal/crm', /the URL has no user, or no database/],
  ])('refuses %s as its address, without a password in the answer', async (where, message) => {
    const { code, errors } = await init(['--postgres', where]);
    expect({ code, errors }).toEqual({ code: 2, errors: expect.stringMatching(message) });
    expect(errors).not.toContain('secret');
  });

  test.each([
    [['--cdm', '.', '--postgres', 'env:X'], '--cdm and --postgres exclude each other'],
    [['--profiles', 'x.csv', '--model', 'model.json'], '--model belongs to --cdm'],
    [['--profiles', 'x.csv', '--password', 'env:X'], '--password belongs to --postgres'],
    [['--profiles', 'x.csv', '--tenant', 'contoso'], '--tenant belongs to --dataverse'],
  ])('refuses %j', async (argv, message) => {
    expect(await init(argv)).toMatchObject({ code: 2, errors: expect.stringContaining(message) });
  });

  test('says so when the server is away', async () => {
    const { code, errors } = await init(['--postgres', 'postgres://reader@127.0.0.1:1/crm']);
    expect({ code, errors }).toEqual({
      code: 1,
      errors: expect.stringMatching(/^SOURCE_UNAVAILABLE: The PostgreSQL server at 127\.0\.0\.1:1 /),
    });
  });
});
