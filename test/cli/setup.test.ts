import { readdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { replaceFile } from '../../src/cli/setup/replace-file';
import { AUDIENCE_SEED } from '../support/stage';
import { openScene, startWorker, type Scene } from './scene';

/** One for each test, since tags of the others would be in the way. */
const AUDIENCES = Array.from({ length: 30 }, (_, index) => ({
  ...AUDIENCE_SEED,
  id: `c417f00d${String(index).padStart(2, '0')}`,
}));
const DOUBLE_OPT_IN = 'c417f00dff';
const IDENTITY = `OS user ${userInfo().username}`;

let scene: Scene;
let stopWorker: () => Promise<void>;
/** A destination that no test before has used. */
let id: string;
let audience: string;
let tests = 0;

beforeAll(async () => {
  scene = await openScene({
    sandbox: { audiences: [...AUDIENCES, { ...AUDIENCE_SEED, id: DOUBLE_OPT_IN, doubleOptin: true }] },
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

describe('setup without a terminal', () => {
  let flags: string;
  beforeEach(() => {
    flags = `--display-name Letter --agree --as Kim --audience ${audience} --email email --segment "vip=Best ones"`;
  });

  test('names all flags that are missing at once, and changes nothing', async () => {
    const before = await fileText();
    const { code, errors } = await scene.cli(`setup ${id} --as Kim`);
    expect(code).toBe(2);
    expect(errors).toContain(
      'these are needed too: --display-name <text>, --agree, --audience <id>, --email <attribute>, --segment <id[=tag]>',
    );
    expect(await fileText()).toBe(before);
  });

  test('connects, configures, plans and exports, and a second time changes nothing', async () => {
    await writeFile(scene.configFile, `# Ours.\n${await fileText()}`);
    const line = `setup ${id} ${flags} --field FNAME=first --create-field NICK=text:Nickname --field NICK=last --export`;
    const first = await scene.cliJson(line);
    expect(first).toMatchObject({
      code: 0,
      document: {
        destinationId: id,
        file: { path: scene.configFile, isChanged: true },
        createdFields: ['NICK'],
        destination: {
          phase: 'configured',
          name: 'Letter',
          exportUser: `Kim (${IDENTITY})`,
          consent: { agreedBy: 'Kim' },
        },
        plan: { status: 'planned' },
        export: { status: 'completed', outcomes: { created: 2 } },
      },
    });
    expect(await fileText()).toMatch(/^# Ours\./);
    expect(await destinations()).toEqual({
      [id]: {
        connect: {
          name: 'Letter',
          account: 'main',
          audienceId: audience,
          source: 'people',
          statusIfNew: 'subscribed',
        },
        configure: {
          email: 'email',
          fields: { FNAME: 'first', NICK: 'last' },
          segments: { vip: 'Best ones' },
        },
      },
    });
    expect(scene.sandbox.state(audience).tags).toEqual({ 'Best ones': 2 });

    const [file, consent] = [await fileText(), (await scene.client.describe(id)).consent];
    const second = await scene.cliJson(line);
    expect(second.document).toMatchObject({
      file: { isChanged: false },
      createdFields: [],
      export: { status: 'completed', outcomes: { unchanged: 2 } },
    });
    expect(await fileText()).toBe(file);
    expect((await scene.client.describe(id)).consent).toEqual(consent);
  });

  test('keeps a list of addresses in the file, as long as the preferred one stays', async () => {
    const connect = {
      name: 'Letter',
      account: 'main',
      audienceId: audience,
      source: 'people',
      statusIfNew: 'subscribed',
    };
    const configure = { email: ['email', 'first'], segments: { vip: 'Best ones' } };
    await scene.writeConfig({ destinations: { [id]: { connect, configure } } });
    const same = await scene.cli(`setup ${id} --agree --as Kim --file-only`);
    expect(same).toMatchObject({ code: 0 });
    expect(await destinations()).toMatchObject({ [id]: { configure: { email: ['email', 'first'] } } });
    await scene.cli(`setup ${id} --agree --as Kim --file-only --email first`);
    expect(await destinations()).toMatchObject({ [id]: { configure: { email: 'first' } } });
  });

  test('wants a proof for subscribed contacts where the audience has double opt-in, and proposes pending', async () => {
    const line = `setup ${id} ${flags.replace(audience, DOUBLE_OPT_IN)} --no-plan --yes`;
    const before = await fileText();
    const refused = await scene.cli(`${line} --status-if-new subscribed`);
    expect(refused).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^CONSENT_PROOF_REQUIRED: .*--consent-proof.*pending/m),
    });
    expect(await fileText()).toBe(before);
    const proof = '--consent-proof "They ticked a box at the till."';
    const proven = await scene.cliJson(`${line} --status-if-new subscribed ${proof}`);
    expect(proven).toMatchObject({
      code: 0,
      document: {
        destination: { statusIfNew: 'subscribed', consent: { proof: 'They ticked a box at the till.' } },
      },
    });
    expect(await destinations()).toMatchObject({
      [id]: { connect: { consentProof: 'They ticked a box at the till.' } },
    });
  });

  test.each([
    ['an attribute that is not there', '--email emial', 'ATTRIBUTE_NOT_FOUND', 'Did you mean "email"?'],
    ['a segment that is not there', '--segment vop', 'SEGMENT_NOT_FOUND', 'Did you mean "vip"?'],
    ['an audience that is not there', '--audience ffffffffff', 'AUDIENCE_NOT_FOUND', 'audience id'],
    [
      'a merge field that is not there',
      '--field AGE=first',
      'MERGE_FIELD_NOT_FOUND',
      '--create-field AGE=text',
    ],
    [
      'a new merge field with the tag of another',
      '--create-field LNAME=date:Born --field LNAME=last',
      'MERGE_FIELD_TAKEN',
      '"Last Name", of type text',
    ],
    [
      'a new merge field with a tag of Mailchimp',
      '--create-field EMAIL=text',
      'INPUT_INVALID',
      'another tag',
    ],
    ['two segments with one tag', '--segment vip=Vip --segment north=VIP', 'TAG_INVALID', 'ignores case'],
  ])('refuses %s before anything is written', async (...[, more, code, text]) => {
    const before = await fileText();
    const sent = posts().length;
    const { code: exit, errors } = await scene.cli(`setup ${id} ${flags} ${more}`);
    expect(exit).toBe(1);
    expect(errors).toMatch(new RegExp(`^${code}: `, 'm'));
    expect(errors).toContain(text);
    expect(await fileText()).toBe(before);
    expect(posts()).toHaveLength(sent);
  });

  test('says which command to run where no worker answers, and writes only the file with --file-only', async () => {
    const nowhere = `setup ${id} ${flags} --address 127.0.0.1:1`;
    const { code, errors } = await scene.cli(nowhere);
    expect(code).toBe(1);
    expect(errors).toMatch(/^TEMPORAL_UNREACHABLE: /);
    expect(errors).toContain(
      `--config ${scene.configFile} --address 127.0.0.1:1 dev (everything on this machine`,
    );
    expect(errors).toContain('--file-only');

    const written = await scene.cli(`${nowhere} --file-only`);
    expect(written).toMatchObject({ code: 0 });
    expect(written.output).toContain(`destination connect ${id}`);
    expect(await destinations()).toMatchObject({ [id]: { connect: { name: 'Letter' } } });
  });

  test('names init where there is no source', async () => {
    await scene.writeConfig({ destinations: {}, sources: {} });
    const { code, errors } = await scene.cli(`setup ${id} ${flags}`);
    expect(code).toBe(1);
    expect(errors).toMatch(/has no source.* init --profiles/);
  });

  test('needs an explicit agreement', async () => {
    const { code, errors } = await scene.cli(`setup ${id} ${flags.replace('--agree', '')}`);
    expect(code).toBe(2);
    expect(errors).toContain('--agree');
  });
});

describe('a configuration file', () => {
  test('that another program has changed is not replaced', async () => {
    const text = await fileText();
    await writeFile(scene.configFile, `${text}# Another.\n`);
    const replaced = replaceFile({ path: scene.configFile, text }, `${text}# Ours.\n`, () => true);
    await expect(replaced).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(await fileText()).toBe(`${text}# Another.\n`);
  });

  test('that would not work is not written', async () => {
    const text = await fileText();
    const wrong = text.replace('destinations: {}', 'destinations: { d: { connect: {} } }');
    expect(wrong).not.toBe(text);
    await expect(replaceFile({ path: scene.configFile, text }, wrong, () => true)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    expect(await fileText()).toBe(text);
    expect((await readdir(scene.folder)).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});
