import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { AUDIENCE_SEED } from '../support/stage';
import { freePort } from './login-scene';
import { printOnTerminal } from './pseudo-terminal';
import { openScene, startWorker, type Scene } from './scene';
import { ENTER, ESC } from './scripted-prompts';

/** One for each test, since tags of the others would be in the way. */
const AUDIENCES = Array.from({ length: 30 }, (_, index) => ({
  ...AUDIENCE_SEED,
  id: `c417f00d${String(index).padStart(2, '0')}`,
}));
const IDENTITY = `OS user ${userInfo().username}`;

let scene: Scene;
let stopWorker: () => Promise<void>;
/** A destination that no test before has used. */
let id: string;
let audience: string;
let tests = 0;

beforeAll(async () => {
  scene = await openScene({
    sandbox: { audiences: AUDIENCES },
  });
  stopWorker = await startWorker(scene);
});
afterAll(async () => {
  await stopWorker();
  await scene.close();
});
beforeEach(async () => {
  await scene.writeConfig({ destinations: {} });
  audience = AUDIENCES[tests]!.id;
  tests += 1;
  id = `${scene.destinationId}-${tests}`;
});

const fileText = () => readFile(scene.configFile, 'utf8');
const destinations = async () =>
  (parse(await fileText()) as { destinations: Record<string, unknown> }).destinations;
const posts = () => scene.sandbox.requests().filter(({ method }) => method !== 'GET');

describe('setup on a terminal', () => {
  /** Stands for the audience of the test, which is not known before. */
  const AUDIENCE = 'audience';
  const UNTIL_MATCHING = ['Letter', 'I agree', 'Ada Lovelace', AUDIENCE, 'subscribed', ENTER];
  const run = (answers: readonly (string | readonly string[])[], flags = '') =>
    scene.cli(`setup ${id} ${flags}`, {
      answers: answers.flat().map((answer) => (answer === AUDIENCE ? audience : answer)),
    });

  test('asks in the order and the words of the connector', async () => {
    const { code, errors, output } = await run([
      UNTIL_MATCHING,
      ['email', 'first', 'Do not match', 'Go on'],
      ['vip,north', 'Go on', 'save', 'y'],
    ]);
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
    const titles = [...errors.matchAll(/^Step (\d+) of 10: (.*)$/gm)].map(([, , title]) => title);
    expect(titles).toEqual([
      'Display name',
      'Data privacy',
      'Mailchimp audience ID',
      'Contacts that are new to the audience',
      'Add yourself as export user',
      'Data matching',
      'Select segments',
      'Save',
    ]);
    expect(errors).toContain(`Newsletter (${audience})`);
    expect(errors).toContain(`The source "people" is read by: ${IDENTITY}.`);
    expect(errors).toMatch(/source has 5 attributes; nothing of the others is sent/);
    expect(errors).toContain('Total: 4 profiles, of 1,000,000 that an export takes');
    expect(errors).toMatch(/^\+ +name: Letter$/m);
    expect(output).toMatch(/planned/i);
    expect(output).toContain('completed');
    expect((await scene.client.describe(id)).exportUser).toBe(`Ada Lovelace (${IDENTITY})`);
  });

  test('goes back from every step to the one before, with its answers proposed', async () => {
    const { code, errors } = await run(
      [
        ['First', ESC, 'Second', 'I agree', 'Kim', ESC],
        ['I agree', ENTER, AUDIENCE, ESC],
        [AUDIENCE, 'subscribed', ESC],
        ['subscribed', 'Grace', ESC],
        [ENTER, 'email', ESC],
        ['email', 'first', 'last', 'Go on', ESC],
        [ENTER, ENTER, ENTER, ENTER, 'vip', ESC],
        ['vip', 'Go on', ESC],
        [ENTER, ENTER, 'back'],
        ['north', 'Go on', 'save', 'n'],
      ],
      '--no-plan',
    );
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
    expect(errors).toContain('Your name (recorded in the history) [Kim]');
    expect(errors).toContain('Display name [First]');
    expect(await destinations()).toMatchObject({
      [id]: {
        connect: { name: 'Second' },
        configure: { fields: { FNAME: 'first', LNAME: 'last' }, segments: { north: null } },
      },
    });
  });

  test('creates a merge field that is asked for, after its tag is checked', async () => {
    const { code, errors } = await run(
      [
        UNTIL_MATCHING,
        ['email', 'Do not match', 'Do not match'],
        ['Add attribute', 'country', 'Create a merge field', 'FNAME', 'LAND', 'Land', 'text', 'Go on'],
        ['vip', 'Go on', 'save', 'n'],
      ],
      '--no-plan',
    );
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
    expect(errors).toContain('Refused: the audience has a merge field FNAME already: "First Name"');
    expect(errors).toContain('country → LAND (a new merge field)');
    expect(errors).toContain('Created in the audience: LAND.');
    expect(await destinations()).toMatchObject({ [id]: { configure: { fields: { LAND: 'country' } } } });
  });

  test.each([
    ['at the first step', []],
    ['instead of an agreement', ['Letter', 'yes']],
    [
      'at Save',
      [UNTIL_MATCHING, 'email', ENTER, ENTER, 'Add attribute', 'id', 'Create a merge field', 'NUM'].concat(
        'Num',
        'text',
        'Go on',
        'vip',
        'Go on',
      ),
    ],
    ['at Save, by its choice', [UNTIL_MATCHING, 'email', ENTER, ENTER, 'Go on', 'vip', 'Go on', 'cancel']],
  ])('leaves everything as it was at Ctrl-C %s', async (_, answers) => {
    const before = await fileText();
    const sent = posts().length;
    const { code, errors } = await run(answers);
    expect(code).toBe(130);
    expect(errors).toContain('Nothing was changed.');
    expect(await fileText()).toBe(before);
    expect(posts()).toHaveLength(sent);
    await expect(scene.client.describe(id)).rejects.toMatchObject({ code: 'DESTINATION_NOT_FOUND' });
  });

  test('asks again where the audience is not of the account', async () => {
    const { code, errors } = await run([
      ['Letter', 'I agree', 'Kim', 'Another id', 'not an id', 'ffffffffff'],
      [AUDIENCE, 'subscribed', ENTER, 'email', ENTER, ENTER, 'Go on', 'vip', 'Go on', 'cancel'],
    ]);
    expect(code).toBe(130);
    expect(errors).toContain('Refused: the id of an audience has ten hexadecimal digits');
    expect(errors).toContain('AUDIENCE_NOT_FOUND');
  });

  test('keeps a key that is typed in a file that only its user can read, and names it in the file', async () => {
    const main = { apiKey: 'env:CLI_SETUP_NOT_SET', baseUrl: scene.sandbox.url, longestRequestSeconds: 3 };
    await scene.writeConfig({ destinations: {}, accounts: { main } });
    const { code, errors } = await run(
      [
        ['Letter', 'I agree', 'Kim', AUDIENCE, 'type', 'ffffffffffffffffffffffffffffffff-us1'],
        ['type', scene.sandbox.apiKey, 'subscribed', ENTER, 'email', ENTER, ENTER, 'Go on'],
        ['vip', 'Go on', 'save', ESC],
      ],
      '--no-plan',
    );
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
    expect(errors).toContain(`To export it: ${scene.program} export start ${id}`);
    expect(errors).toContain('KEY_INVALID');
    expect(errors).not.toContain(scene.sandbox.apiKey);
    const file = join(scene.folder, '.temporal-mailchimp/keys/main');
    expect((await readFile(file, 'utf8')).trim()).toBe(scene.sandbox.apiKey);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(parse(await fileText())).toMatchObject({
      accounts: { main: { ...main, apiKey: 'file:.temporal-mailchimp/keys/main' } },
    });
    expect((await scene.cli('account check')).code).toBe(0);
  });

  test('signs in by the browser where the file has a sign-in for the account, unless the user denies it', async () => {
    delete process.env['SSH_CONNECTION'];
    const [bin, token] = [join(scene.folder, 'bin'), join(scene.folder, 'tokens/main')];
    await mkdir(bin);
    for (const opener of ['xdg-open', 'open'])
      await writeFile(join(bin, opener), `#!${process.execPath}\nfetch(process.argv[2]);\n`, {
        mode: 0o755,
      });
    await writeFile(join(scene.folder, 'secret'), 'of the app');
    const app = { clientId: '1', clientSecret: 'file:secret', redirectPort: await freePort() };
    const oauth = { token: 'file:tokens/main', ...app, loginUrl: new URL('/', scene.sandbox.url).href };
    const main = { oauth, baseUrl: scene.sandbox.url, longestRequestSeconds: 3 };
    await scene.writeConfig({ destinations: {}, accounts: { main } });
    const before = await fileText();
    const answers = ['--display-name', 'Letter', '--agree', '--as', 'Kim', '--audience', audience];
    const more = ['--status-if-new', 'subscribed', '--export-user', 'Kim', '--email', 'email'];
    const flags = [...answers, ...more, '--field', 'FNAME=first', '--segment', 'vip', '--yes', '--export'];
    const setUp = () =>
      printOnTerminal(['setup', id, ...flags, '--config', scene.configFile], {
        env: { DISPLAY: ':0', PATH: `${bin}:${process.env['PATH']}` },
      });

    scene.sandbox.control.set({ switches: { signInAnswer: 'deny' } });
    const denied = await setUp();
    expect([denied.code, denied.output]).toEqual([1, expect.stringContaining('SIGN_IN_FAILED')]);
    expect([await fileText(), existsSync(token)]).toEqual([before, false]);

    scene.sandbox.control.set({ switches: { signInAnswer: 'approve' } });
    const { code, output } = await setUp();
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    expect((await stat(token)).mode & 0o777).toBe(0o600);
    expect(parse(await fileText())).toMatchObject({
      accounts: { main: { oauth } },
      destinations: { [id]: { connect: { account: 'main' } } },
    });
    expect(scene.sandbox.state(audience).tags).toEqual({ vip: 2 });
  });

  test('asks what to do where no worker answers', async () => {
    const answers = ['again', ESC, 'file', 'Letter', 'I agree', 'Kim', AUDIENCE, 'subscribed', ENTER];
    const { code, errors } = await run(
      [answers, ['email', ENTER, ENTER, 'Go on', 'vip', 'Go on', 'save']],
      '--address 127.0.0.1:1',
    );
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
    expect(errors.match(/^No worker answers/gm)).toHaveLength(3);
    expect(await destinations()).toMatchObject({ [id]: { connect: { name: 'Letter' } } });
  });
});
