import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import type { DestinationView } from '../../src/contract/destination-view';
import type { ExportView } from '../../src/contract/export';
import { AUDIENCE } from '../support/stage';
import { heldIn } from '../support/export-state';
import { until } from '../support/until';
import { blockBatches, openScene, startConfigured, startWorker, type Scene } from './scene';
import { fakeTerminal } from './terminal';

const INSTANT = String.raw`\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC`;

let scene: Scene;
let stopWorker: () => Promise<void>;
let name: string;

beforeEach(async () => {
  scene = await openScene();
  name = scene.destinationId;
  stopWorker = await startConfigured(scene);
});

afterEach(async () => {
  await stopWorker();
  await scene.close();
});

const show = async () => (await scene.cliJson(`export show ${name}`)).document as ExportView;
const destination = async () => (await scene.cliJson(`destination show ${name}`)).document as DestinationView;

/** What lists and pages of the destination say of its exports. */
const shown = async () => ({
  'export list': (await scene.cli(`export list ${name}`)).output,
  'destination list': (await scene.cli('destination list')).output,
  'destination show': (await scene.cli(`destination show ${name}`)).output,
});

const expectShown = async (state: string) => {
  for (const [command, output] of Object.entries(await shown()))
    expect({ command, output }).toEqual({ command, output: expect.stringMatching(new RegExp(state)) });
};

/** The segment vip falls to zero, which a guard holds. */
const startHeld = async () => {
  expect((await scene.cli(`export start ${name}`)).code).toBe(0);
  await scene.writeMembers([['000003', 'north']]);
  const ran = await scene.cli(`export start ${name}`);
  expect(ran.code).toBe(1);
  return heldIn(await show())!;
};

describe('the state of an export, and since when, is in every list', () => {
  test('when it runs, when it is paused, and when another one is queued behind it', async () => {
    await blockBatches(scene);
    await scene.cli(`export start ${name} --lane batch --no-wait`);
    await until(async () => /Changes +5 of 8 done/.test((await scene.cli(`export show ${name}`)).output));
    await expectShown(`running since ${INSTANT}`);
    const delivering = await show();
    expect(Date.parse(delivering.state.since)).toBeGreaterThanOrEqual(Date.parse(delivering.startedAt));

    await scene.cli(`export pause ${name}`);
    const paused = await show();
    expect(Date.parse(paused.state.since)).toBeGreaterThan(Date.parse(delivering.state.since));
    // To pause a paused export does not begin another pause.
    await scene.cli(`export pause ${name}`);
    expect((await show()).state).toEqual(paused.state);
    await expectShown(`paused since ${INSTANT}`);

    await scene.cli(`export start ${name} --limit 1 --no-wait`);
    await expectShown(`queued since ${INSTANT}`);
    expect(await destination()).toMatchObject({
      running: { number: 1, kind: 'export', now: { state: paused.state, isPaused: true } },
      queued: [{ number: 2, kind: 'export', since: expect.stringMatching(/^\d{4}-.*Z$/) }],
    });
    expect((await scene.cli(`export show ${name} 2`)).output).toContain('Export 2 of');

    // Back to the phase that it was in since before the pause.
    await scene.cli(`export resume ${name}`);
    expect((await show()).state).toEqual(delivering.state);
    await scene.cli(`export cancel ${name} 2`);
    await scene.cli(`export cancel ${name} 1`);
    await until(async () => (await destination()).running === null);
    const idle = new RegExp(`${name} .*configured *\n`);
    await until(async () => idle.test((await scene.cli('destination list')).output));
  });

  test('when it is held, also while it is paused; pause and resume say that it is still held', async () => {
    const held = await startHeld();
    await expectShown(`held since ${INSTANT}\\b(?!, and paused)`);
    expect((await show()).state).toMatchObject({ kind: 'held', since: held.since });

    const paused = await scene.cli(`export pause ${name}`);
    expect(paused.output).toMatch(
      /^Export 2 of \S+ is paused\. It is still held\.\nHeld, and paused:\n {2}MASS_REMOVAL/,
    );
    await expectShown(`held since ${INSTANT}, and paused`);
    const { output } = await scene.cli(`export show ${name}`);
    expect(output).toMatch(
      /^Export 2 of \S+: Held, and paused:(?:\n {2}MASS_REMOVAL\. .*){3}\nAsked for by \S+\. Nothing was sent\./,
    );
    expect(output).toContain(`Once approved, it stays paused until: ${scene.program} export resume ${name}`);

    const resumed = await scene.cli(`export resume ${name}`);
    expect(resumed.output).toContain(
      'is not paused, and still held: only a decision about its plan ends that.',
    );
    expect(resumed.output).toContain(`${scene.program} export approve ${name} --plan ${held.planId}`);
    await expectShown(`held since ${INSTANT}\\b(?!, and paused)`);
    const again = await scene.cliJson(`export resume ${name}`);
    expect(again.document).toMatchObject({ paused: false, number: 2, state: { kind: 'held' } });

    await scene.cli(`export approve ${name} --plan ${held.planId} --as Kim`);
    expect((await scene.cli(`export watch ${name}`)).code).toBe(0);
  });

  test('when it is stopped; the list has the code', async () => {
    scene.sandbox.fail('401 on GET /');
    await scene.cli(`export start ${name}`);
    await expectShown(String.raw`stopped \(KEY_\w+\) since ${INSTANT}`);
    const paused = await scene.cli(`export pause ${name}`);
    expect(paused.output).toMatch(/is paused\. It is still stopped\.\nStopped, and paused: KEY_/);
    const resumed = await scene.cli(`export resume ${name}`);
    expect(resumed.output).toContain('Export 1 of');
    expect((await scene.cli(`export watch ${name}`)).code).toBe(0);
  });

  test('but is not known while no worker answers', async () => {
    await startHeld();
    await stopWorker();
    const { code, document, errors } = await scene.cliJson('destination list');
    expect(code).toBe(0);
    const { destinations } = document as { destinations: { destinationId: string }[] };
    expect(destinations.find(({ destinationId }) => destinationId === name)).toMatchObject({
      phase: 'configured',
      open: null,
    });
    expect(errors).toContain('States that are not known: no worker answers');
    stopWorker = await startWorker(scene);
    await until(async () => (await scene.cli(`destination show ${name}`)).code === 0);
  });
});

describe('a command that follows an export ends when a person has to act', () => {
  test('start and watch: when the export is stopped, with the reason and what to do', async () => {
    scene.sandbox.fail('401 on GET /');
    const { code, output } = await scene.cli(`export start ${name}`);
    expect(code).toBe(1);
    expect(output).toMatch(/^Export 1 of \S+: Stopped: KEY_\w+\. .*temporal-mailchimp .*export resume /);
    const watched = await scene.cliJson(`export watch ${name}`);
    expect(watched).toMatchObject({ code: 1, document: { number: 1, state: { kind: 'stopped' } } });
    await scene.cli(`export resume ${name}`);
    expect((await scene.cli(`export watch ${name}`)).code).toBe(0);
    expect(scene.sandbox.state(AUDIENCE).members).toBe(3);
  });

  test('start and plan: when the export is queued behind one that is held', async () => {
    const held = await startHeld();
    for (const [command, number] of [
      [`export start ${name} --allow-mass-removal`, 3],
      [`export watch ${name} 3`, 3],
    ] as const) {
      const { code, output } = await scene.cli(command);
      expect({ command, code }).toEqual({ command, code: 1 });
      expect(output).toMatch(
        new RegExp(
          `^Export ${number} of ${name} is queued behind export 2, which is held since ${INSTANT}\\.`,
        ),
      );
      expect(output).toContain(`${scene.program} export approve ${name} --plan ${held.planId}`);
      expect(output).toContain(`${scene.program} export cancel ${name} 3`);
    }
    const again = await scene.cliJson(`export start ${name} --allow-mass-removal`);
    expect(again).toMatchObject({
      code: 1,
      document: { queued: { number: 3 }, behind: { number: 2, now: { state: { kind: 'held' } } } },
    });
    await scene.cli(`export cancel ${name} 3`);
    const planned = await scene.cli(`export plan ${name}`);
    expect(planned.code).toBe(1);
    expect(planned.output).toContain('is queued behind export 2, which is held since');

    await scene.cli(`export deny ${name} --plan ${held.planId} --as Kim`);
    await until(async () => (await destination()).running === null);
    expect((await scene.cli(`export plan ${name}`)).code).toBe(0);
  });

  test.each(['', ' --no-wait'])('start%s: when it joins an export that is held', async (wait) => {
    const { planId } = await startHeld();
    const joined = await scene.cli(`export start ${name}${wait}`);
    expect(joined.code).toBe(1);
    expect(joined.output).toMatch(
      new RegExp(
        `^Export 2 of ${name} already does the same, so no second export was started\\. It is held since ${INSTANT}, ` +
          'and was planned from the data of an earlier time\\.\nHeld:(?:\n  MASS_REMOVAL\\. .*){3}\nAsked for by \\S+\\. Nothing was sent\\.',
      ),
    );
    for (const hint of [`approve ${name} --plan ${planId}`, `deny ${name} --plan ${planId}`, `start ${name}`])
      expect(joined.output).toContain(`${scene.program} export ${hint}`);
    expect(joined.output).toContain('To export the data of now, deny it first, then start again:\n');
    expect(await scene.cliJson(`export start ${name}${wait}`)).toMatchObject({
      code: 1,
      document: { number: 2, disposition: 'joined', state: { kind: 'held', held: { planId } } },
    });

    const queued = `export start ${name} --allow-mass-removal${wait}`;
    expect(await scene.cliJson(queued)).toMatchObject({
      code: 1,
      document: {
        number: 3,
        disposition: 'queued',
        behind: { number: 2, now: { state: { kind: 'held', held: { planId } } } },
      },
    });
    const again = await scene.cli(queued);
    expect({ code: again.code, output: again.output }).toEqual({
      code: 1,
      output: expect.stringMatching(
        new RegExp(`^Export 3 of ${name} is queued behind export 2, which is held`),
      ),
    });
    await scene.cli(`export cancel ${name} 3`);
    await scene.cli(`export deny ${name} --plan ${planId} --as Kim`);
    expect((await scene.cli(`export start ${name} --allow-mass-removal`)).code).toBe(0);
  });

  test('start: when it joins an export that is stopped before it read data, or paused', async () => {
    scene.sandbox.fail('401 on GET /');
    await scene.cli(`export start ${name}`);
    const stopped = await scene.cli(`export start ${name} --no-wait`);
    expect(stopped.code).toBe(1);
    expect(stopped.output).toMatch(
      new RegExp(`It is stopped \\(KEY_\\w+\\) since ${INSTANT}\\.\nStopped: KEY_`),
    );
    expect(stopped.output).not.toContain('the data of');
    await scene.cli(`export cancel ${name}`);
    await until(async () => (await destination()).running === null);

    await blockBatches(scene);
    await scene.cli(`export start ${name} --lane batch --no-wait`);
    await until(async () => /Changes +5 of 8 done/.test((await scene.cli(`export show ${name}`)).output));
    await scene.cli(`export pause ${name}`);
    const paused = await scene.cli(`export start ${name} --lane batch`);
    expect(paused.code).toBe(1);
    expect(paused.output).toContain(`${scene.program} export resume ${name}`);
    expect(paused.output).toContain('To export the data of now, cancel it first, then start again:');
    await scene.cli(`export cancel ${name}`);
    await scene.cli(`export watch ${name}`);
  });

  test('start: when the export in front is held only later', async () => {
    expect((await scene.cli(`export start ${name}`)).code).toBe(0);
    await scene.writeMembers([['000003', 'north']]);
    // Mailchimp answers the preflight when the second export has been queued for long.
    scene.sandbox.fail('delay 4 s on GET /');
    await scene.cli(`export start ${name} --no-wait`);
    const terminal = fakeTerminal();
    const starting = main(
      ['export', 'start', name, '--allow-mass-removal', '--config', scene.configFile],
      terminal,
    );
    await until(async () => terminal.errors().includes('Export 3 of'));
    expect(await starting).toBe(1);
    expect(terminal.output()).toContain('Export 3 of');
    expect(terminal.output()).toContain('is queued behind export 2, which is held since');
  });
});
