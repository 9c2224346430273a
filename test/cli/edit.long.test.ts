import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import { AUDIENCE } from '../support/stage';
import { destinationOf, openScene, startConfigured, type Scene } from './scene';
import { fakeTerminal } from './terminal';

describe('destination edit', () => {
  let scene: Scene;
  let stopWorker: () => Promise<void>;

  beforeEach(async () => {
    scene = await openScene();
    stopWorker = await startConfigured(scene);
  });

  afterEach(async () => {
    delete process.env['EDITOR'];
    await stopWorker();
    await scene.close();
  });

  const view = () => scene.client.describe(scene.destinationId);

  /** An editor that replaces one text by another. */
  const useEditor = async (from: string, to: string) => {
    const script = join(scene.folder, 'editor.cjs');
    await writeFile(
      script,
      `const fs = require('node:fs'); const file = process.argv[2]; fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(${JSON.stringify(from)}, ${JSON.stringify(to)}));`,
    );
    process.env['EDITOR'] = `${process.execPath} ${script}`;
  };

  test('shows the difference and what an export would do with it, asks, and saves', async () => {
    const { destinationId: name } = scene;
    await scene.cli(`export start ${name}`);
    const sent = scene.sandbox.requests();
    const line = `destination edit ${name} --set connect.name=Weekly --unset configure.segments.vip`;
    expect(await scene.cli(line)).toMatchObject({ code: 2, errors: expect.stringContaining('--yes') });

    const refused = await scene.cli(line, { answers: ['no'] });
    expect(refused).toMatchObject({ code: 1, output: '' });
    expect(refused.errors).toMatch(/^- {3}name: Newsletter\n\+ {3}name: Weekly\n/m);
    expect(refused.errors).toMatch(/^- {5}vip: VIP\n/m);
    expect(refused.errors).toMatch(
      /^Plan 1 [^]*\nSEGMENT +TAG +PROFILES +TO TAG +TO UNTAG\n[^]*vip +VIP +0 +0 +2\n/m,
    );
    expect(refused.errors).toContain('Nothing was changed.');
    expect(await view()).toMatchObject({ name: 'Newsletter', configuration: { segments: [{}, {}] } });

    const saved = await scene.cli(line, { answers: ['yes'] });
    expect(saved.output).toMatch(new RegExp(`^Saved the settings of "${name}". Nothing was sent.\n`));
    expect(saved.errors).toContain('The configuration file has other settings for');
    expect(await view()).toMatchObject({
      name: 'Weekly',
      configuration: { email: 'email', fields: [{}, {}, {}], segments: [{ segment: 'north' }] },
    });
    const writes = (all: typeof sent) => all.filter(({ method }) => method !== 'GET');
    expect(writes(scene.sandbox.requests())).toEqual(writes(sent));
  });

  test('takes the settings from an editor, and changes nothing where nothing is different', async () => {
    const { destinationId: name } = scene;
    await useEditor('name: Newsletter', 'name: Weekly');
    const { errors, output } = await scene.cli(`destination edit ${name} --no-plan`, { answers: ['y'] });
    expect(errors).toMatch(/\+ {3}name: Weekly/);
    expect(output).toContain('Saved the settings');
    expect((await view()).name).toBe('Weekly');
    await useEditor('name: nothing', '');
    const again = await scene.cli(`destination edit ${name}`, { answers: [] });
    expect(again).toMatchObject({ code: 0, output: 'Nothing is different, so nothing was changed.\n' });
    process.env['EDITOR'] = 'no-such-editor';
    expect((await scene.cli(`destination edit ${name}`, { answers: [] })).errors).toMatch(
      /^INPUT_INVALID: The editor "no-such-editor" could not be started \(ENOENT\)/,
    );
  });

  test('saves nothing where the settings were changed after they were read', async () => {
    const { destinationId: name } = scene;
    const argv = ['destination', 'edit', name, '--set', 'connect.name=Weekly', '--config', scene.configFile];
    const terminal = fakeTerminal({ answers: [] });
    // While the question is on the screen.
    const ask = async () => {
      await scene.cli(`destination connect ${name} --label nightly`);
      return 'y';
    };
    expect(await main(argv, { ...terminal, ask })).toBe(1);
    expect(terminal.errors()).toContain('were changed after they were read. Edit them once more.');
    expect(await view()).toMatchObject({ name: 'Newsletter', labels: ['nightly'] });
  });

  test('another status of new contacts needs a new agreement, and the plan counts with it', async () => {
    const { destinationId: name } = scene;
    const line = `destination edit ${name} --set connect.statusIfNew=pending --yes`;
    const refused = await scene.cli(line);
    expect(refused.errors).toContain('CONSENT_REQUIRED: Nothing was changed');
    expect((await view()).statusIfNew).toBe('subscribed');
    const { code, document } = await scene.cliJson(`${line} --agree --as Ada`);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      changes: [
        { change: 'removed', line: '  statusIfNew: subscribed' },
        { change: 'added', line: '  statusIfNew: pending' },
      ],
      plan: { status: 'planned', outcomes: { created: 3, invalid: 1 } },
      destination: { statusIfNew: 'pending', consent: { agreedBy: 'Ada' } },
    });
    expect(scene.sandbox.state(AUDIENCE).members).toBe(0);
  });

  test('saves all or nothing where matching and connection change, and one of them is refused', async () => {
    const { destinationId: name } = scene;
    const { configuration: before } = await view();
    // Without a consent, a destination can be configured, and not be connected.
    await scene.client.withdrawConsent(name, { withdrawnBy: 'Kim' });
    const line = `destination edit ${name} --set connect.name=Weekly --unset configure.segments.vip --no-plan --yes`;
    const refused = await scene.cli(line);
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain('CONSENT_REQUIRED');
    expect(refused.errors).toContain('Nothing was saved: the settings under "configure" are as they were.');
    expect(await view()).toMatchObject({ name: 'Newsletter', configuration: before });
    await scene.cli(`destination give-consent ${name} --agree --as Kim`);
    expect((await scene.cli(line)).code).toBe(0);
    expect(await view()).toMatchObject({
      name: 'Weekly',
      configuration: { segments: [{ segment: 'north' }] },
    });
  });

  test('changes the schedule: the difference says when it is exported, and the schedule keeps its pause', async () => {
    const { destinationId: name } = scene;
    const { schedule } = scene.client;
    const edit = (change: string) => scene.cli(`destination edit ${name} ${change}`, { answers: ['yes'] });
    try {
      const created = await edit('--set "schedule.daily=[02:30]" --set schedule.timezone=Europe/Berlin');
      expect(created).toMatchObject({ code: 0 });
      expect(created.errors).toMatch(/^\+ schedule:\n\+ {3}daily:\n/m);
      expect(created.errors).toContain('It is exported daily at 02:30 (Europe/Berlin).');
      // No export is changed, so nothing is planned.
      expect((await view()).exports).toEqual([]);
      expect(await schedule.show(name)).toMatchObject({
        settings: { targets: { destinations: [name] }, daily: ['02:30'] },
        isFromFile: false,
      });

      await schedule.pause(name, { by: 'Kim' });
      const changed = await edit('--unset schedule.daily --set schedule.every=6h');
      expect(changed.errors).toContain(
        'It is exported every 6h, until now daily at 02:30 (Europe/Berlin). The change starts no export.',
      );
      expect(changed.errors).toContain('The configuration file has another schedule for');
      expect(await schedule.show(name)).toMatchObject({
        settings: { every: '6h' },
        isPaused: true,
        note: 'Paused by Kim',
      });

      for (const [change, message] of [
        [
          '--set schedule.every=5x',
          /^INPUT_INVALID: The edited destination is not valid:\n[^]*at schedule\.every/,
        ],
        ['--set schedule.end=2020-01-01', /would never export .*its end, 2020-01-01, has passed/],
      ] as const)
        expect((await scene.cli(`destination edit ${name} ${change} --yes`)).errors).toMatch(message);
      expect(await schedule.show(name)).toMatchObject({ settings: { every: '6h' } });

      const removed = await edit('--unset schedule');
      expect(removed.errors).toContain('It is exported only when a person or a program asks for it');
      await expect(schedule.show(name)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
    } finally {
      await schedule.delete(name).catch(() => undefined);
    }
  });

  test('a schedule of its name that exports others too is not changed as its own', async () => {
    const { destinationId: name } = scene;
    await scene.client.schedule.create(name, { targets: { all: true }, every: '1d' }, { isPaused: true });
    try {
      const { errors } = await scene.cli(`destination edit ${name} --set schedule.every=6h --yes`);
      expect(errors).toMatch(
        /^INPUT_INVALID: The schedule .* it refreshes others too\. Nothing was changed\./,
      );
      expect(await scene.client.schedule.show(name)).toMatchObject({ settings: { every: '1d' } });
    } finally {
      await scene.client.schedule.delete(name);
    }
  });

  test('a schedule of the configuration file stays one of it', async () => {
    const { destinationId: name } = scene;
    await scene.writeConfig({ destinations: destinationOf(scene, { schedule: { daily: ['01:00'] } }) });
    try {
      await scene.cli(`schedule sync ${name}`);
      await scene.cli(`destination edit ${name} --set "schedule.daily=[03:00]" --yes`);
      expect(await scene.client.schedule.show(name)).toMatchObject({
        settings: { daily: ['03:00'] },
        isFromFile: true,
      });
      expect((await scene.cli(`schedule sync ${name}`)).output).toContain(`${name}: changed`);
      expect(await scene.client.schedule.show(name)).toMatchObject({ settings: { daily: ['01:00'] } });
    } finally {
      await scene.client.schedule.delete(name);
    }
  });

  test('refuses what is wrong, with its name, and saves nothing', async () => {
    const { destinationId: name } = scene;
    const refusal = async (change: string) =>
      (await scene.cli(`destination edit ${name} ${change} --yes`)).errors;
    expect(await refusal('--set connect.nam=x')).toMatch(
      /^INPUT_INVALID: The edited destination is not valid:\n.*nam/,
    );
    expect(await refusal('--set name')).toContain('--set takes PATH=VALUE');
    expect(await refusal('--set configure.fields.FNAME=nowhere')).toMatch(/ATTRIBUTE_NOT_FOUND: /);
    expect(await refusal('--set configure.fields.FNAME=nowhere --no-plan')).toMatch(/ATTRIBUTE_NOT_FOUND: /);
    expect(await refusal('--file missing.yaml')).toMatch(/^INPUT_INVALID: The file missing.yaml/);
    expect(await refusal('--file missing.yaml --unset connect.labels')).toContain('exclude it');
    const found = await view();
    expect(found).toMatchObject({
      name: 'Newsletter',
      configuration: { fields: [{ attribute: 'first' }, {}, {}] },
    });
    expect(found.exports).toEqual([]);
  });
});
