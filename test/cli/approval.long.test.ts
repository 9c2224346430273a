import { userInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import type { ExportView } from '../../src/contract/export';
import { AUDIENCE } from '../support/stage';
import { heldIn } from '../support/export-state';
import { until } from '../support/until';
import { openScene, startConfigured, type Scene } from './scene';
import { fakeTerminal } from './terminal';

describe('a held export', () => {
  let scene: Scene;
  let stopWorker: () => Promise<void>;
  let name: string;

  beforeEach(async () => {
    scene = await openScene();
    name = scene.destinationId;
    stopWorker = await startConfigured(scene);
    await scene.cli(`export start ${name}`);
    // The segment vip falls to zero.
    await scene.writeMembers([['000003', 'north']]);
  });

  afterEach(async () => {
    await stopWorker();
    await scene.close();
  });

  const heldView = async () => {
    const { document } = await scene.cliJson(`export show ${name}`);
    return document as ExportView;
  };
  const tags = () => scene.sandbox.state(AUDIENCE).tags;

  test('start prints the reason, the numbers and how to approve it, and exits with 1', async () => {
    const { code, output } = await scene.cli(`export start ${name}`);
    expect(code).toBe(1);
    const held = heldIn(await heldView());
    expect(output).toContain(
      'MASS_REMOVAL. The segment "vip" is empty now: 2 contacts would lose the tag "VIP".',
    );
    expect(output).toContain(`${scene.program} export approve ${name} --plan ${held!.planId}`);
    expect(output).toContain(`${scene.program} export deny ${name} --plan ${held!.planId}`);
    expect((await scene.cli(`export show ${name}`)).output).toBe(output);

    const again = await scene.cliJson(`export start ${name}`);
    expect(again).toMatchObject({
      code: 1,
      document: { phase: 'held', state: { kind: 'held', held: { planId: held!.planId } } },
    });
    expect(tags()).toMatchObject({ VIP: 2 });

    const queued = await scene.cli(`export start ${name} --allow-mass-removal`);
    expect(queued).toMatchObject({ code: 1, output: expect.stringContaining('Held:\n  MASS_REMOVAL.') });
    const denied = await scene.cli(`export deny ${name} --plan ${held!.planId} --as Kim`);
    expect(denied).toMatchObject({
      code: 0,
      output: `Denied: nothing was sent. To see its report: ${scene.program} export watch ${name} 2\n`,
    });
    expect((await scene.cli(`export watch ${name} 3`)).code).toBe(0);
    expect(tags()).toMatchObject({ VIP: 0 });
  });

  test('approve records the plan and the name; watch prints both in the report', async () => {
    await scene.cli(`export start ${name}`);
    const held = heldIn(await heldView());
    const wrong = await scene.cli(`export approve ${name} --plan other`);
    expect(wrong.code).toBe(1);
    expect(wrong.errors).toMatch(new RegExp(`^PLAN_OUTDATED: .*${held!.planId}`));
    const approved = await scene.cliJson(`export approve ${name} --plan ${held!.planId} --as Kim`);
    expect(approved).toMatchObject({ code: 0, document: { disposition: 'approved', number: 2 } });
    const { code, output } = await scene.cli(`export watch ${name} 2`);
    expect(code).toBe(0);
    expect(output).toContain('Held: MASS_REMOVAL. The segment "vip"');
    expect(output).toMatch(/Approved by Kim, \d{4}-/);
    expect(tags()).toMatchObject({ VIP: 0 });
  });

  test('without --plan, a terminal shows the numbers and asks; a script gets an error', async () => {
    await scene.cli(`export start ${name}`);
    for (const verb of ['approve', 'deny']) {
      const { code, errors } = await scene.cli(`export ${verb} ${name}`);
      expect(code).toBe(2);
      expect(errors).toContain('--plan');
      const no = await scene.cli(`export ${verb} ${name}`, { answers: ['n'] });
      expect(no.code).toBe(1);
      expect(no.errors).toContain('2 contacts would lose the tag "VIP"');
      expect(no.errors).toContain('Nothing was changed.');
    }
    expect(await heldView()).toMatchObject({ phase: 'held' });
    const yes = await scene.cli(`export deny ${name}`, { answers: ['y'] });
    expect(yes.code).toBe(0);
    expect(yes.errors).toContain(`decided by ${userInfo().username}`);
    const { code, output } = await scene.cli(`export watch ${name} 2`);
    expect(code).toBe(1);
    expect(output).toMatch(
      new RegExp(`^Export 2 denied by ${userInfo().username}, \\d{4}-[^.]*UTC\\. Nothing was sent\\.\n`),
    );
    // What was not attempted has not failed.
    expect(output).toMatch(/FAILED +NOT SENT\nvip +VIP +0 +0 +0 +0 +2\n/);
    expect(tags()).toMatchObject({ VIP: 2 });
    expect((await scene.cli(`export approve ${name}`, { answers: ['y'] })).errors).toMatch(
      /^EXPORT_NOT_FOUND: /,
    );
  });

  test('by membership rows that select no profile says so, and each option lets its own guard pass', async () => {
    await scene.writeMembers([
      ['000001', 'vip'],
      ['000002', 'vip'],
      ['2', 'north'],
      ['000003', 'north'],
    ]);
    const held = await scene.cli(`export plan ${name} --allow-mass-removal`);
    expect(held.output).toContain(
      'Would be held: MEMBERS_UNMATCHED. 1 contact would lose the tag "north", while the membership of the segment "north" has 1 new row',
    );
    const allowed = await scene.cliJson(
      `export start ${name} --allow-mass-removal --allow-unmatched-members`,
    );
    expect(allowed).toMatchObject({
      code: 0,
      document: { segments: [{ segment: 'vip' }, { untagged: 1, unmatched: { keys: 1, values: 0 } }] },
    });
    expect((await scene.cli(`export show ${name}`)).output).toContain(
      'Warning: Membership rows with a key that no profile has, which are skipped: 1 in north.',
    );
  });

  test('plan shows why it would be held; the option lets it pass', async () => {
    const { code, output } = await scene.cli(`export plan ${name}`);
    expect(code).toBe(0);
    expect(output).toContain('Would be held: MASS_REMOVAL. The segment "vip" is empty now');
    expect((await scene.cli(`export plan ${name} --allow-mass-removal`)).output).not.toContain('held:');
    expect((await scene.cli(`export start ${name} --allow-mass-removal`)).code).toBe(0);
  });

  test('watch follows it until it is approved', async () => {
    await scene.cli(`export start ${name}`);
    const terminal = fakeTerminal();
    const watching = main(['export', 'watch', name, '--config', scene.configFile], terminal);
    await until(async () => terminal.errors().includes('Held: MASS_REMOVAL.'));
    expect(terminal.errors()).toContain(`: ${scene.program} export approve ${name} --plan `);
    await scene.cli(`export approve ${name}`, { answers: ['yes'] });
    expect(await watching).toBe(0);
    expect(terminal.output()).toContain('Export 2 completed: every profile has one outcome.');
  });
});
