import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DestinationView } from '../../src/contract/destination-view';
import { AUDIENCE, CONNECT as CONNECT_WITH_CONSENT } from '../support/stage';
import { until } from '../support/until';
import { destinationOf, openScene, startWorker, type Scene } from './scene';

const CONNECT = '--agree --as "Kim Data"';
const { consent: _, ...CONNECT_INPUT } = CONNECT_WITH_CONSENT;

/** What the store has recorded of agreements. */
async function consentsOf({ folder, destinationId }: Scene): Promise<string[]> {
  const destination = join(folder, 'staging', 'destinations', destinationId);
  const names = (await readdir(destination, { recursive: true })).filter((name) => name.includes('consent'));
  const files = names.toSorted().map((name) => readFile(join(destination, name), 'utf8').catch(() => name));
  return Promise.all(files);
}

describe('a destination', () => {
  let scene: Scene;
  let stopWorker: () => Promise<void>;

  beforeEach(async () => {
    scene = await openScene();
    stopWorker = await startWorker(scene);
  });

  afterEach(async () => {
    await stopWorker();
    await scene.close();
  });

  test('is connected with the settings of the file and consent, and shows what they mean', async () => {
    const { destinationId: name } = scene;
    const { code, output, errors } = await scene.cli(`destination connect ${name} ${CONNECT}`);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain(`Connected "${name}" to the audience Newsletter (${AUDIENCE}).`);
    expect(output).toMatch(/Double opt-in +off/);
    expect(output).toMatch(
      /Status if new +subscribed: contacts new to the audience are subscribed immediately/,
    );
    expect(output).toContain(
      'With status if new "pending", Mailchimp would send every new contact a confirmation mail.',
    );
    expect(output).toMatch(/Consent +Kim Data, \d{4}-/);
    expect(output).toContain(`Next: ${scene.program} destination configure ${name}`);
  });

  test('is connected by options alone; pending, the export user and the labels are shown', async () => {
    const { destinationId: name } = scene;
    await scene.writeConfig({ destinations: {} });
    const settings = `--name "Our News" --account main --audience ${AUDIENCE} --source people --status-if-new pending --label nightly --label europe`;
    const { code, document } = await scene.cliJson(
      `destination connect ${name} ${settings} --export-user "Marketing" ${CONNECT}`,
    );
    expect(code).toBe(0);
    expect(document).toMatchObject({
      destinationId: name,
      phase: 'connected',
      name: 'Our News',
      statusIfNew: 'pending',
      exportUser: 'Marketing',
      labels: ['nightly', 'europe'],
      consent: { agreedBy: 'Kim Data' },
      audience: { id: AUDIENCE, doubleOptin: false },
      consentFacts: [{ kind: 'note', code: 'CONFIRMATION_MAIL' }],
    });
    const { output } = await scene.cli(`destination show ${name}`);
    expect(output).toMatch(/Labels +nightly, europe/);
    expect(output).toContain('Mailchimp sends every new contact a confirmation mail');
    expect(output).toContain(`Not configured yet: ${scene.program} destination configure ${name}`);
  });

  test('options override the file', async () => {
    const { destinationId: name } = scene;
    const { document } = await scene.cliJson(
      `destination connect ${name} --status-if-new transactional ${CONNECT}`,
    );
    expect(document).toMatchObject({ name: 'Newsletter', statusIfNew: 'transactional' });
  });

  test('is connected after the user reads the statement and types "I agree"', async () => {
    const { destinationId: name } = scene;
    const { code, output, errors } = await scene.cli(`destination connect ${name}`, {
      answers: ['I agree', 'Kim Data'],
    });
    expect(code).toBe(0);
    expect(errors).toContain('I agree that profile data of the chosen segments');
    expect(errors).toContain('recorded in the history');
    expect(output).toMatch(/Consent +Kim Data/);
  });

  test('is not connected when the user does not agree, or presses Ctrl-C', async () => {
    const { destinationId: name } = scene;
    const refused = await scene.cli(`destination connect ${name}`, { answers: ['well'] });
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain('CONSENT_REQUIRED');
    expect((await scene.cli(`destination connect ${name}`, { answers: [] })).code).toBe(130);
    expect((await scene.cli(`destination show ${name}`)).errors).toContain('DESTINATION_NOT_FOUND');
  });

  test('gets another display name without a new agreement, and nothing else changes', async () => {
    const { destinationId: name } = scene;
    await scene.cli(`destination connect ${name} ${CONNECT} --export-user Marketing`);
    await scene.cli(`destination configure ${name}`);
    const shown = await scene.cliJson(`destination show ${name}`);
    const { webUi: _, ...before } = shown.document as DestinationView & { webUi: string | null };
    const consents = await consentsOf(scene);
    const renamed = await scene.cliJson(`destination connect ${name} --name "Our News"`);
    expect(renamed).toMatchObject({ code: 0, document: { ...before, name: 'Our News' } });
    expect(await consentsOf(scene)).toEqual(consents);
    // Another person may change the export user, and has not agreed to anything.
    const { document } = await scene.cliJson(`destination connect ${name} --export-user Lee --as Lee`);
    expect(document).toMatchObject({ exportUser: 'Lee', consent: before.consent });
    // To agree once more records who and when, and leaves the export user.
    const agreed = await scene.cliJson(`destination connect ${name} --agree --as Lee`);
    expect(agreed.document).toMatchObject({ exportUser: 'Lee', consent: { agreedBy: 'Lee' } });
  });

  test.each([
    ['another status-if-new', '--status-if-new pending', 'to add contacts as "subscribed", not as "pending"'],
    ['another source', '--source others', 'to export from the source "people", not from "others"'],
  ])('needs a new agreement for %s', async (_, options, why) => {
    const { destinationId: name } = scene;
    await scene.cli(`destination connect ${name} ${CONNECT}`);
    const { document: before } = await scene.cliJson(`destination show ${name}`);
    const { code, errors } = await scene.cli(`destination connect ${name} ${options}`);
    expect(code).toBe(1);
    expect(errors).toMatch(/^CONSENT_REQUIRED: Nothing was changed: /);
    expect(errors).toContain(why);
    // The workflow decides, whatever a client believes.
    const input = {
      ...CONNECT_INPUT,
      ...(options.includes('pending') ? { statusIfNew: 'pending' as const } : { source: 'others' }),
    };
    await expect(scene.client.connect(name, input)).rejects.toMatchObject({
      code: 'CONSENT_REQUIRED',
      message: expect.stringContaining(why),
    });
    expect((await scene.cliJson(`destination show ${name}`)).document).toEqual(before);
  });

  test('is configured, shown, listed and removed', async () => {
    const { destinationId: name } = scene;
    await scene.cli(`destination connect ${name} ${CONNECT}`);
    const configured = await scene.cli(`destination configure ${name}`);
    expect(configured.code).toBe(0);
    expect(configured.output).toContain('Nothing was sent.');
    expect(configured.output).toMatch(/first +FNAME \(First Name\) +text +no/);
    expect(configured.output).toMatch(/vip +VIP +created by the first export/);
    expect(scene.sandbox.state(AUDIENCE)).toMatchObject({ members: 0, tags: {} });

    const { document } = await scene.cliJson(`destination show ${name}`);
    expect(document).toMatchObject({
      phase: 'configured',
      configuration: {
        email: 'email',
        segments: [
          { segment: 'vip', tag: 'VIP' },
          { segment: 'north', tag: 'north' },
        ],
      },
    });

    const listed = () => scene.cli('destination list');
    await until(async () => (await listed()).output.includes(`${name} `));
    expect((await listed()).output).toMatch(new RegExp(`${name} +Newsletter +${AUDIENCE} +configured`));

    expect((await scene.cli(`destination remove ${name} --as Kim`, { answers: ['n'] })).code).toBe(1);
    expect((await scene.cliJson(`destination show ${name}`)).document).toMatchObject({ phase: 'configured' });

    const removed = await scene.cli(`destination remove ${name} --as Kim`, { answers: ['y'] });
    expect(removed.code).toBe(0);
    expect(removed.output).toContain(`Removed "${name}". Consent is withdrawn`);
    await until(async () => !(await listed()).output.includes(`${name} `));
    const shown = await scene.cli(`destination show ${name}`);
    expect(shown.output).toContain(`${name}: removed`);
    expect(shown.output).toContain('withdrawn by Kim');
  });

  test('says before an export where the file has other settings than it was connected and configured with', async () => {
    const { destinationId: name } = scene;
    await scene.cli(`destination connect ${name} ${CONNECT}`);
    await scene.cli(`destination configure ${name}`);
    const errorsOf = async (verb: string) => (await scene.cli(`export ${verb} ${name}`)).errors;
    expect(await errorsOf('plan')).not.toContain('other settings');

    const [own] = Object.values(destinationOf(scene));
    const fields = { FNAME: 'first', LNAME: 'last', COUNTRY: { attribute: 'country', empty: 'keep' } };
    const configure = {
      email: 'email',
      fields,
      segments: { north: null, vip: 'VIP' },
      guards: { newContacts: 9 },
    };
    const connect = { ...own?.connect, statusIfNew: 'pending' };
    await scene.writeConfig({ destinations: { [name]: { connect, configure } } });
    const hint =
      `The configuration file has other settings for ${name} (statusIfNew) than it was connected with. ` +
      `To use those of the file: ${scene.program} destination connect ${name}\n` +
      `The configuration file has other settings for ${name} (fields, guards) than it was configured with. ` +
      `To use those of the file: ${scene.program} destination configure ${name}\n`;
    expect(await errorsOf('plan')).toContain(hint);
    expect(await errorsOf('start')).toContain(hint);
    await scene.cli(`destination configure ${name}`);
    expect(await errorsOf('start')).not.toContain('destination configure');
  });

  test('is refused with the reason where the worker has read an earlier version of the file', async () => {
    const { destinationId: name } = scene;
    const reason = 'the worker has read an earlier version of the file. Restart the worker (or dev)';
    const { accounts, sources } = scene.config;
    const people = sources['people'];
    if (people?.kind !== 'files') throw new Error('the scene reads files');
    const later = {
      accounts: { ...accounts, second: { apiKey: 'env:NOT_SET' } },
      sources: {
        people: { ...people, segments: { ...people.segments, later: people.segments['vip'] } },
        others: people,
      },
    };
    await scene.writeConfig(later);
    for (const [option, code] of [
      ['--account second', 'ACCOUNT_NOT_FOUND'],
      ['--source others', 'SOURCE_NOT_FOUND'],
    ]) {
      const { errors } = await scene.cli(`destination connect ${name} ${option} ${CONNECT}`);
      expect(errors).toMatch(new RegExp(`^${code}: `));
      expect(errors).toContain(reason);
    }
    await scene.cli(`destination connect ${name} ${CONNECT}`);
    const { errors } = await scene.cli(`destination configure ${name} --segment later`);
    expect(errors).toMatch(/^SEGMENT_NOT_FOUND: /);
    expect(errors).toContain(reason);
    // A name that the file does not have either is a mistake in the command.
    const mistyped = await scene.cli(`destination configure ${name} --segment latre`);
    expect(mistyped.errors).toMatch(/^SEGMENT_NOT_FOUND: /);
    expect(mistyped.errors).not.toContain(reason);
  });

  test('options add to the configuration of the file, and replace its address attribute', async () => {
    const { destinationId: name } = scene;
    const configure = { email: 'id', fields: { FNAME: 'first' }, segments: { vip: null } };
    await scene.writeConfig({ destinations: destinationOf(scene, { configure }) });
    await scene.cli(`destination connect ${name} ${CONNECT}`);
    const { document } = await scene.cliJson(
      `destination configure ${name} --email email --field LNAME=last --segment "north=People in the north"`,
    );
    expect(document).toMatchObject({
      configuration: {
        email: 'email',
        fields: [{ attribute: 'first' }, { attribute: 'last', field: { tag: 'LNAME' } }],
        segments: [
          { segment: 'vip', tag: 'vip' },
          { segment: 'north', tag: 'People in the north' },
        ],
      },
    });
  });
});

describe('invalid input to destination commands changes nothing', () => {
  let scene: Scene;
  let stopWorker: () => Promise<void>;
  const required = { tag: 'REQ', name: 'Required one', type: 'text' as const, required: true };
  const FIELDS = [{ tag: 'FNAME', name: 'First Name', type: 'text' as const }];

  beforeAll(async () => {
    const audiences = [
      { id: AUDIENCE, name: 'Newsletter', mergeFields: FIELDS },
      { id: 'd0d0d0d0d0', name: 'Demanding', mergeFields: [...FIELDS, required] },
    ];
    scene = await openScene({ sandbox: { audiences } });
    const { main } = scene.config.accounts;
    process.env['CLI_TEST_WRONG_KEY'] = 'ffffffffffffffffffffffffffffffff-us1';
    process.env['CLI_TEST_WRONG_DC'] = scene.sandbox.apiKey.replace(/-.*/, '-us9');
    Object.assign(scene.config.accounts, {
      wrongkey: { ...main, apiKey: 'env:CLI_TEST_WRONG_KEY' },
      wrongdc: { ...main, apiKey: 'env:CLI_TEST_WRONG_DC' },
      nokey: { ...main, apiKey: 'env:CLI_TEST_NO_SUCH_KEY' },
      notakey: { ...main, apiKey: 'env:HOME' },
    });
    stopWorker = await startWorker(scene);
  });

  afterAll(async () => {
    await stopWorker();
    await scene.close();
    delete process.env['CLI_TEST_WRONG_KEY'];
    delete process.env['CLI_TEST_WRONG_DC'];
  });

  test.each([
    ['no consent', '', 'CONSENT_REQUIRED', 'I agree that profile data'],
    ['a wrong key', `${CONNECT} --account wrongkey`, 'KEY_INVALID', ''],
    ['a wrong data centre', `${CONNECT} --account wrongdc`, 'KEY_INVALID', ''],
    ['an invalid key', `${CONNECT} --account notakey`, 'KEY_INVALID', ''],
    ['a key that is not set', `${CONNECT} --account nokey`, 'SECRET_UNAVAILABLE', 'env:CLI_TEST_NO_SUCH_KEY'],
    ['an unknown account', `${CONNECT} --account other`, 'ACCOUNT_NOT_FOUND', '"other"'],
    ['a missing audience', `${CONNECT} --audience 0123456789`, 'AUDIENCE_NOT_FOUND', 'Check the audience id'],
    ['an invalid audience id', `${CONNECT} --audience X`, 'INPUT_INVALID', '--audience (in the'],
    ['an unknown source', `${CONNECT} --source erp`, 'SOURCE_NOT_FOUND', '"erp"'],
  ])('connect with %s', async (...[, options, wanted, said]) => {
    const { code, output, errors } = await scene.cli(`destination connect ${scene.destinationId} ${options}`);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toMatch(new RegExp(`^${wanted}: `));
    expect(errors).toContain(said);
    expect(errors).not.toContain('ffffffff');
    const shown = await scene.cli(`destination show ${scene.destinationId}`);
    expect(shown.errors).toMatch(/^DESTINATION_NOT_FOUND: /);
  });

  test('connect with an invalid name', async () => {
    const settings = `--name News --account main --audience ${AUDIENCE} --source people --status-if-new pending`;
    const { code, errors } = await scene.cli(`destination connect "Our News" ${settings} ${CONNECT}`);
    expect(code).toBe(1);
    expect(errors).toMatch(/^INPUT_INVALID: The name of the destination "Our News"[^]*small letters/);
  });

  test('connect without settings names each that is missing', async () => {
    const { code, errors } = await scene.cli(`destination connect unknown ${CONNECT}`);
    expect(code).toBe(1);
    expect(errors).toBe(
      `INPUT_INVALID: The destination "unknown" was not connected (the configuration file has: ${scene.destinationId}):\n` +
        '--name (in the configuration file: destinations.unknown.connect.name) is missing\n' +
        '--account (in the configuration file: destinations.unknown.connect.account) is missing\n' +
        '--audience (in the configuration file: destinations.unknown.connect.audienceId) is missing\n' +
        '--source (in the configuration file: destinations.unknown.connect.source) is missing\n' +
        '--status-if-new (in the configuration file: destinations.unknown.connect.statusIfNew) is missing\n',
    );
  });

  test('with --json, the error is the only document', async () => {
    const { code, errors, document } = await scene.cliJson(`destination connect ${scene.destinationId}`);
    expect({ code, errors }).toEqual({ code: 1, errors: '' });
    expect(document).toMatchObject({
      error: {
        code: 'CONSENT_REQUIRED',
        details: { textVersion: '2026-11', text: expect.stringContaining('I agree') },
      },
    });
  });

  test('connect with --agree alone names --as, and with --as alone names --agree', async () => {
    const agreed = await scene.cli(`destination connect ${scene.destinationId} --agree`);
    expect(agreed).toMatchObject({ code: 2, errors: expect.stringContaining('--agree needs --as NAME') });
    const named = await scene.cli(`destination connect ${scene.destinationId} --as Kim`);
    expect(named).toMatchObject({
      code: 1,
      errors: expect.stringContaining('repeat the command with --agree --as'),
    });
  });

  test('configure with an empty tag names --segment', async () => {
    const { code, errors } = await scene.cli('destination configure unknown --email email --segment vip=');
    expect({ code, errors }).toEqual({
      code: 1,
      errors:
        'INPUT_INVALID: The destination "unknown" was not configured:\n' +
        '--segment (in the configuration file: destinations.unknown.configure.segments.vip) is not valid: at least 1 character\n',
    });
  });

  test('configure of an unknown destination', async () => {
    const { code, errors } = await scene.cli('destination configure unknown --email email --segment vip');
    expect(code).toBe(1);
    expect(errors).toMatch(/^DESTINATION_NOT_FOUND: /);
  });

  describe('when connected', () => {
    const name = 'cli-connected';
    const base = '--email email --field REQ=first';

    beforeAll(async () => {
      const settings =
        '--name News --account main --audience d0d0d0d0d0 --source people --status-if-new subscribed';
      await scene.cli(`destination connect ${name} ${settings} ${CONNECT}`);
    });

    afterAll(async () => {
      await scene.cli(`destination remove ${name} --as test --yes`);
    });

    test.each([
      ['no address attribute', '--field REQ=first --segment vip', 'EMAIL_NOT_MATCHED', '--email'],
      ['no segment', base, 'INPUT_INVALID', 'No segment was chosen'],
      ['an unknown attribute', `${base} --field FNAME=frist --segment vip`, 'ATTRIBUTE_NOT_FOUND', 'frist'],
      [
        'an unknown address attribute',
        '--email mail --field REQ=first --segment vip',
        'ATTRIBUTE_NOT_FOUND',
        'mail',
      ],
      ['an unknown merge field', `${base} --field NICK=first --segment vip`, 'MERGE_FIELD_NOT_FOUND', 'NICK'],
      ['an unknown segment', `${base} --segment gold`, 'SEGMENT_NOT_FOUND', 'gold'],
      ['a required merge field unmatched', '--email email --segment vip', 'REQUIRED_FIELD_UNMATCHED', 'REQ'],
      [
        'an invalid merge field tag',
        `${base} --field "First Name=first" --segment vip`,
        'INPUT_INVALID',
        'First Name',
      ],
      ['an export before configure', '', 'NOT_CONFIGURED', ''],
    ])('configure with %s', async (...[, options, wanted, said]) => {
      const command = options === '' ? `export start ${name}` : `destination configure ${name} ${options}`;
      const { code, output, errors } = await scene.cli(command);
      expect({ code, output }).toEqual({ code: 1, output: '' });
      expect(errors).toMatch(new RegExp(`^${wanted}: `));
      expect(errors).toContain(said);
      expect((await scene.cliJson(`destination show ${name}`)).document).toMatchObject({
        phase: 'connected',
        configuration: null,
      });
    });
  });
});

describe('an audience whose name contains control characters', () => {
  const HOSTILE = 'News\u001b[2J\u009b31m\u202E';
  let scene: Scene;
  let stopWorker: () => Promise<void>;

  beforeAll(async () => {
    scene = await openScene({ sandbox: { audiences: [{ id: AUDIENCE, name: HOSTILE }] } });
    stopWorker = await startWorker(scene);
  });

  afterAll(async () => {
    await stopWorker();
    await scene.close();
  });

  test('cannot move the cursor, and is unchanged in JSON', async () => {
    const { destinationId: name } = scene;
    const connected = await scene.cli(`destination connect ${name} ${CONNECT}`);
    expect(connected.output).toContain('to the audience News\u{FFFD}[2J\u{FFFD}31m\u{FFFD} (');
    const shown = await scene.cliJson(`destination show ${name}`);
    expect(shown.document).toMatchObject({ audience: { name: HOSTILE } });
    for (const { output, errors } of [connected, shown])
      expect(output + errors).not.toMatch(/[^\n\P{Cc}]|\u202E/u);
  });
});
