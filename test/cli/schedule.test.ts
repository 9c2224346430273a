import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from './terminal';
import { destinationOf, openScene, startConfigured, type Scene } from './scene';
import { endWorkflow } from '../support/end-workflow';
import { terminateOpen } from '../support/terminate-open';
import { until } from '../support/until';

const DAILY = { daily: ['02:30'], timezone: 'Europe/Berlin' };

let scene: Scene;

/** Unique on the server, as the destination is. */
function nameOf({ destinationId }: Scene): string {
  return `nightly-${destinationId}`;
}

describe('wrong usage', () => {
  test.each([
    ['without what to refresh', '--daily 02:30', 'by one of --destination, --label and --all'],
    [
      'with two kinds of targets',
      '--all --label x --daily 02:30',
      'by one of --destination, --label and --all',
    ],
    ['without when', '--all', 'by one of --daily, --cron and --every'],
    ['with a day that does not exist', '--all --daily 02:30 --weekdays mo', 'one of mon, tue, wed'],
    ['with a time without its unit', '--all --every 6', 'a time such as 30m, 6h or 1d'],
    ['with parts of a minute', '--all --every 6h --catch-up 90s', 'whole minutes'],
  ])('create %s', async (_, flags, message) => {
    const { code, errors } = await run(`schedule create nightly ${flags}`.split(' '));
    expect({ code, errors }).toEqual({ code: 2, errors: expect.stringContaining(message) });
  });
});

describe('with a server', () => {
  beforeEach(async () => {
    scene = await openScene();
  });

  afterEach(async () => {
    for (const { name } of await scene.client.schedule.list())
      await scene.temporal.schedule.getHandle(`mailchimp-refresh/${name}`).delete();
    await terminateOpen(scene.temporal, scene.taskQueue);
    await scene.close();
  });

  describe('schedule', () => {
    test('create says when it refreshes what, and show and list say it again', async () => {
      const name = nameOf(scene);
      const flags =
        '--daily 02:30,14:30 --weekdays mon,friday --timezone Europe/Berlin --jitter 5m --skip-date 2027-12-24,2027-12-25 ' +
        '--start 2027-01-01 --catch-up 2h --longest 90m --at-once 2 --overlap buffer-one --pause-on-failure --when-source-changed';
      const created = await scene.cli(
        `schedule create ${name} --destination news --destination shop --allow-unknown ${flags}`,
      );
      expect(created).toMatchObject({ code: 0, errors: '' });
      const sentence = `The schedule "${name}" refreshes news, shop at 02:30, 14:30 on monday, friday (Europe/Berlin).`;
      expect(created.output).toContain(sentence);
      expect(created.output).toMatch(
        /Next +2027-01-01 01:3\d:\d\d UTC \(02:3\d in Europe\/Berlin\)\n +2027-01-01 13:3/,
      );
      expect(created.output).toContain(`${scene.program} schedule show ${name}`);
      const { document } = await scene.cliJson(`schedule show ${name}`);
      expect(document).toMatchObject({
        name,
        runs: [],
        settings: {
          targets: { destinations: ['news', 'shop'] },
          daily: ['02:30', '14:30'],
          weekdays: ['monday', 'friday'],
          skipDates: ['2027-12-24', '2027-12-25'],
          overlap: 'buffer-one',
          catchUpMinutes: 120,
          pauseOnFailure: true,
          whenSourceChanged: true,
          atOnce: 2,
          longestMinutes: 90,
        },
        webUi: null,
      });
      const shown = await scene.cli(`schedule show ${name}`);
      expect(shown.output).toContain(sentence);
      expect(shown.output).toMatch(/After an outage +made up if less than 120 minutes late/);
      expect(shown.output).toContain('No refresh yet.');
      const listed = await until(async () => {
        const { output } = await scene.cli('schedule list');
        return output.includes(name) && output;
      });
      expect(listed).toMatch(
        /news, shop +at 02:30, 14:30 on monday, friday \(Europe\/Berlin\) +2027-01-01 01:3/,
      );
    });

    test('create refuses names of no destination, and warns of labels of none', async () => {
      const name = nameOf(scene);
      const refused = await scene.cli(`schedule create ${name} --destination news --daily 02:30`);
      expect(refused.code).toBe(1);
      expect(refused.errors).toMatch(
        /^DESTINATION_NOT_FOUND: There is no destination "news".* --allow-unknown/,
      );
      await expect(scene.client.schedule.show(name)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
      const warned = await scene.cli(`schedule create ${name} --label weekly --daily 02:30`);
      expect(warned.code).toBe(0);
      expect(warned.errors).toMatch(/^Warning: no destination has the label "weekly" now\./);
    });

    test('sync of a name that the file does not have is an error', async () => {
      const { code, output, errors } = await scene.cli('schedule sync unknown');
      expect({ code, output }).toEqual({ code: 1, output: '' });
      expect(errors).toContain(`has no destination "unknown", so nothing was changed`);
      expect(errors).toContain(`Its destinations: ${scene.destinationId}.`);
    });

    test('pause, unpause, trigger, backfill and delete say what they did', async () => {
      const name = nameOf(scene);
      await scene.cli(`schedule create ${name} --all --daily 02:30`);
      const said = async (line: string) => {
        const { code, output, errors } = await scene.cli(`schedule ${line}`);
        expect({ code, errors }).toEqual({ code: 0, errors: '' });
        return output;
      };
      expect(await said(`pause ${name} --as "Kim Data" --reason "new source"`)).toContain('is paused');
      expect(await said(`show ${name}`)).toMatch(
        /State +paused \(Paused by Kim Data: new source\)\n(?!Next)/,
      );
      expect(await said(`trigger ${name}`)).toContain('A refresh was started.');
      expect(await said(`trigger ${name}`)).toContain('Skipped: a refresh of this schedule is running.');
      expect(await said(`unpause ${name} --as Kim`)).toMatch(/goes on\. Next: 20\d\d-\d\d-\d\d 02:30:00 UTC/);
      const range = '--from 2026-11-01T00:00:00Z --to 2026-11-02T12:00:00Z --overlap allow';
      expect(await said(`backfill ${name} ${range}`)).toContain(
        'each of these times:\n2026-11-01 02:30:00 UTC\n2026-11-02 02:30:00 UTC\n',
      );
      expect(await said(`delete ${name}`)).toContain(`Deleted the schedule "${name}".`);
      expect(await scene.cli(`schedule delete ${name}`)).toMatchObject({
        code: 1,
        errors: expect.stringContaining('SCHEDULE_NOT_FOUND'),
      });
    });

    test('show says what became of the last refreshes, and why a destination was not exported', async () => {
      const name = nameOf(scene);
      await scene.cli(
        `schedule create ${name} --destination news --destination shop --allow-unknown --daily 02:30`,
      );
      await scene.cli(`schedule trigger ${name}`);
      const failure = { code: 'KEY_INVALID', message: 'Mailchimp refused the key.' };
      const result = {
        startedAt: '2027-01-01T00:00:00.000Z',
        durationMs: 1000,
        left: 0,
        destinations: [
          { destinationId: 'news', result: 'exported', exportId: 'e', number: 4 },
          { destinationId: 'shop', result: 'stopped', exportId: 'f', number: 7, failure },
        ],
      };
      await endWorkflow(scene.temporal, scene.taskQueue, { result });
      const shown = await until(async () => {
        const { output } = await scene.cli(`schedule show ${name}`);
        return output.includes('completed') && output;
      });
      expect(shown).toMatch(
        /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC +completed +.*1 of 2 up to date: 1 exported; 1 stopped$/m,
      );
      expect(shown).toMatch(
        /Not exported by the refresh of 20.*:\nshop: stopped \(export 7\): KEY_INVALID\. Mailchimp/,
      );
      expect(shown).not.toContain('news: ');
    });
  });

  describe('the schedule of a destination in the configuration file', () => {
    test('is made by sync, follows the file, and leaves with it', async () => {
      const { destinationId: name } = scene;
      const write = (change: Readonly<Record<string, unknown>>) =>
        scene.writeConfig({ destinations: destinationOf(scene, change) });
      const sync = async (names = '') => (await scene.cli(`schedule sync ${names}`)).output;
      expect(await sync()).toBe(`${name}: no schedule\n`);
      await write({ schedule: DAILY });
      expect(await sync()).toBe(`${name}: created\n`);
      expect(await sync(name)).toBe(`${name}: as it is\n`);
      await write({ schedule: { ...DAILY, jitter: '10m' } });
      expect(await sync()).toBe(`${name}: changed\n`);
      const { document } = await scene.cliJson(`schedule show ${name}`);
      expect(document).toMatchObject({
        isFromFile: true,
        settings: { ...DAILY, jitter: '10m', targets: { destinations: [name] } },
      });
      await scene.writeConfig({ destinations: {} });
      // Another file may have it.
      await until(async () =>
        (await sync()).startsWith(`${name}: left as it is; it is of a configuration file`),
      );
      await write({});
      expect(await sync()).toBe(`${name}: deleted, since the file has no schedule for it\n`);
    });

    test('is made by destination configure', async () => {
      const { destinationId: name } = scene;
      await scene.writeConfig({ destinations: destinationOf(scene, { schedule: DAILY }) });
      const stop = await startConfigured(scene);
      try {
        expect((await scene.cli(`schedule show ${name}`)).output).toContain(
          `refreshes ${name} daily at 02:30 (Europe/Berlin).`,
        );
        const byHand = { targets: { destinations: [name] }, daily: ['03:00'] };
        await scene.client.schedule.delete(name);
        await scene.client.schedule.create(name, byHand);
        const refused = await scene.cli(`destination configure ${name}`);
        expect(refused.code).toBe(1);
        expect(refused.errors).toContain(`SCHEDULE_EXISTS: The destination "${name}" was configured.`);
        await scene.client.schedule.delete(name);
        await scene.cli(`schedule sync ${name}`);
        await scene.writeConfig();
        const { output } = await scene.cli(`destination configure ${name}`);
        expect(output).toContain('Its schedule was deleted, since the file has none for it.');
        expect(await scene.cli(`schedule show ${name}`)).toMatchObject({ code: 1 });
      } finally {
        await stop();
      }
    });

    test('that is wrong is named by its place in the file', async () => {
      const schedule = { daily: ['25:00'], cron: ['0 3 * * *'] };
      await scene.writeConfig({ destinations: destinationOf(scene, { schedule }) });
      const { code, errors } = await scene.cli('schedule sync');
      expect(code).toBe(1);
      expect(errors).toContain('CONFIG_INVALID');
      expect(errors).toContain(`destinations["${scene.destinationId}"].schedule.daily`);
    });
  });

  describe('a removed destination', () => {
    test('leaves the schedules that name it; those of no other destination are deleted', async () => {
      const { destinationId: name, client } = scene;
      const names = { own: `own-${name}`, shared: `shared-${name}`, all: `all-${name}` };
      const stop = await startConfigured(scene);
      try {
        await client.schedule.create(names.own, { targets: { destinations: [name] }, daily: ['02:30'] });
        const shared = { targets: { destinations: ['shop', name, 'news'] }, daily: ['02:30'] };
        await client.schedule.create(names.shared, shared, { isPaused: true, by: 'Kim' });
        await client.schedule.create(names.all, { targets: { all: true }, daily: ['02:30'] });
        await until(async () => (await client.schedule.list()).length === 3);
        await scene.cli(`destination remove ${name} --as Kim --yes`);
        await until(async () => (await client.schedule.list()).length === 2);
        await expect(client.schedule.show(names.own)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
        expect(await client.schedule.show(names.all)).toMatchObject({ settings: { targets: { all: true } } });
        const left = await until(async () => {
          const view = await client.schedule.show(names.shared);
          return JSON.stringify(view.settings?.targets) !== JSON.stringify(shared.targets) && view;
        });
        expect(left).toMatchObject({
          settings: { targets: { destinations: ['shop', 'news'] }, daily: ['02:30'] },
          isPaused: true,
          note: 'Created paused by Kim',
        });
        const { action } = await scene.temporal.schedule
          .getHandle(`mailchimp-refresh/${names.shared}`)
          .describe();
        expect(action).toMatchObject({
          taskQueue: scene.taskQueue,
          args: [{ targets: { destinations: ['shop', 'news'] } }],
          staticSummary: 'Refresh of shop, news',
        });
      } finally {
        await stop();
      }
    });
  });
});
