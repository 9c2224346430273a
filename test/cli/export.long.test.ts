import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import type { ExportReport } from '../../src/contract/report';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { AUDIENCE, person } from '../support/stage';
import { until } from '../support/until';
import { blockBatches, openScene, startConfigured, type Scene } from './scene';
import { fakeTerminal } from './terminal';
import { storeAtRest, treeOf } from './tree';

describe('export', () => {
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

  /** What the Web UI shows of a workflow. */
  const detailsOf = async (workflowId: string): Promise<string> => {
    const handle = scene.temporal.workflow.getHandle(workflowId);
    const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    return metadata.currentDetails ?? '';
  };
  const sent = () => scene.sandbox.requests().filter(({ method }) => method !== 'GET');

  test('plan shows the numbers and sends nothing', async () => {
    const { code, output } = await scene.cli(`export plan ${name}`);
    expect(code).toBe(0);
    expect(output).toContain('Plan 1 planned. Nothing was sent; this is what an export would do.');
    expect(output).toContain('4 profiles selected, 0 addresses departed.');
    expect(output).toMatch(/created +3 +new to the audience/);
    expect(output).toMatch(/email_malformed +1 +not an e-mail address/);
    expect(output).toMatch(/SEGMENT +TAG +PROFILES +TO TAG +TO UNTAG\nvip +VIP +2/);
    expect(sent()).toEqual([]);
    expect(scene.sandbox.state(AUDIENCE)).toMatchObject({ members: 0, tags: {} });
  });

  test('a plan uses no number of an export', async () => {
    await scene.cli(`export plan ${name}`);
    expect((await scene.cli(`export start ${name}`)).output).toContain('Export 1 completed');
    await scene.cli(`export plan ${name}`);
    expect((await scene.cli(`export start ${name}`)).output).toContain('Export 2 completed');
    const { output } = await scene.cli(`export list ${name}`);
    expect(output.split('\n').slice(1, -1)).toEqual([
      expect.stringMatching(/^2 +\S+ +completed /),
      expect.stringMatching(/^p2 +\S+ +planned /),
      expect.stringMatching(/^1 +\S+ +completed /),
      expect.stringMatching(/^p1 +\S+ +planned /),
    ]);
    expect((await scene.cliJson(`export show ${name} 1`)).document).toMatchObject({
      kind: 'export',
      number: 1,
      status: 'completed',
    });
    expect((await scene.cli(`export show ${name} p1`)).output).toContain('Plan 1 planned.');
    expect((await scene.cli(`export failures ${name} p1`)).errors).toMatch(/^EXPORT_NOT_FOUND: Plan 1 of /);
  });

  test('start follows the export and prints its report', async () => {
    const { code, output, errors } = await scene.cli(`export start ${name}`);
    expect(code).toBe(0);
    expect(errors).toMatch(new RegExp(`^Export 1 of "${name}" has started`));
    expect(output).toContain('Export 1 completed: every profile has one outcome.');
    expect(output).toMatch(/created +3 +new to the audience/);
    expect(output).toMatch(/invalid +1 +not sent/);
    expect(output).toMatch(/vip +VIP +2 +2 +0 +0\nnorth +north +3 +2 +0 +0/);
    expect(output).toMatch(/subscribed +3 +receive campaigns/);
    expect(output).toContain(`${scene.program} export failures ${name} 1`);
    expect(scene.sandbox.state(AUDIENCE)).toMatchObject({ members: 3, tags: { VIP: 2, north: 2 } });
  });

  test('start --json prints the report as one document', async () => {
    const { code, document } = await scene.cliJson(`export start ${name} --limit 2`);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      status: 'completed',
      number: 1,
      selected: 4,
      outcomes: { created: 2, not_sent: 1 },
    });
  });

  test('show and list give the same report, by number and by id', async () => {
    await scene.cli(`export start ${name}`);
    await scene.cli(`export start ${name}`);
    const { document: last } = await scene.cliJson(`export show ${name}`);
    expect(last).toMatchObject({ number: 2, outcomes: { unchanged: 3 } });
    const { document: first } = await scene.cliJson(`export show ${name} 1`);
    expect(first).toMatchObject({ number: 1, outcomes: { created: 3 } });
    const { exportId } = first as ExportReport;
    expect((await scene.cliJson(`export show ${name} ${exportId}`)).document).toEqual(first);

    const { output } = await scene.cli(`export list ${name}`);
    expect(output).toMatch(new RegExp(`\n +1 +${exportId} +completed +\\d{4}-.* +4 +3 +1\n$`));
    expect((await scene.cliJson(`export list ${name}`)).document).toMatchObject({
      running: null,
      exports: [withoutLink(last), withoutLink(first)],
    });
    expect((await scene.cli(`export watch ${name} 1`)).output).toBe(
      (await scene.cli(`export show ${name} 1`)).output,
    );
  });

  test('failures lists the profiles that were not exported, and why: as a table, CSV and JSON', async () => {
    const dirty = [
      person(1),
      person(3, { id: '=3', email: 'PERSON000001@mail.chinook.org ' }),
      person(5, { email: 'a,"b' }),
    ];
    await scene.writeProfiles(dirty);
    await scene.writeMembers([
      ['000001', 'vip'],
      ['=3', 'vip'],
      ['000005', 'vip'],
    ]);
    await scene.cli(`export start ${name}`);
    const shown = await scene.cli(`export failures ${name}`);
    expect(shown.code).toBe(0);
    expect(shown.output).toMatch(/invalid +email_malformed +email +000005 +a,"b/);
    expect(shown.output).toMatch(
      /duplicate +same_address +=3 .* The profile 000001 has the same address and is used\.\n/,
    );

    const { output } = await scene.cli(`export failures ${name} 1 --csv`);
    expect(output.split('\n')[0]).toBe('outcome,reason,attribute,key,email,text,since');
    expect(output).toContain('invalid,email_malformed,email,000005,"a,""b",');
    expect(output).toMatch(
      /^duplicate,same_address,,'=3,.*,The profile 000001 has the same address and is used\.,$/m,
    );

    const { document } = await scene.cliJson(`export failures ${name} --outcome duplicate`);
    expect(document).toMatchObject({
      number: 1,
      failures: [{ outcome: 'duplicate', key: '=3', reason: 'same_address', winner: '000001' }],
    });

    const one = await scene.cli(`export failures ${name} --limit 1`);
    expect(one.output).toContain('The first 1 of 2. For more, pass --limit N; for all, --csv.');
  });

  test('an export that refuses everybody exits with 1, and so does one with more rejects than allowed', async () => {
    const limited = await scene.cli(`export start ${name} --fail-on-rejects 0`);
    expect(limited).toMatchObject({
      code: 1,
      errors: expect.stringContaining('--fail-on-rejects allows 0.'),
    });
    expect((await scene.cli(`export watch ${name} --fail-on-rejects 50%`)).code).toBe(0);
    await scene.writeProfiles([1, 2, 3, 4, 5].map((number) => person(number, { email: 'no address' })));
    const { code, output, errors } = await scene.cli(`export start ${name} --allow-mass-removal`);
    expect({ code, output }).toMatchObject({
      code: 1,
      output: expect.stringContaining('Export 2 completed'),
    });
    expect(errors).toContain('No profile was exported: 4 of 4 profiles are invalid');
  });

  test('failures leaves the store as it is, also rows that are too old by the settings of the command', async () => {
    const { document } = await scene.cliJson(`export start ${name}`);
    const { exportId } = document as ExportReport;
    const staging = join(scene.folder, 'staging');
    const baseline = join(staging, 'destinations', name, 'exports', exportId, 'baseline.json');
    const settledAt = new Date(Date.now() - 2 * 24 * 60 * 60_000).toISOString();
    const settled = JSON.parse(await readFile(baseline, 'utf8'));
    await writeFile(baseline, JSON.stringify({ ...settled, settledAt }));
    await scene.writeConfig({ staging: { ...scene.config.staging, keepDays: 1 } });
    const before = await storeAtRest(scene);
    expect((await scene.cli(`export failures ${name}`)).output).toContain('email_malformed');
    expect((await scene.cli('source check')).code).toBe(0);
    expect(await treeOf(staging)).toEqual(before);
  });

  test('failures says why there are no rows: nothing was planned, the rows have expired, the destination was removed', async () => {
    const failures = async () => (await scene.cli(`export failures ${name} 1`)).errors;
    await rename(join(scene.folder, 'profiles.csv'), join(scene.folder, 'elsewhere.csv'));
    await scene.cli(`export start ${name}`);
    expect(await failures()).toMatch(/^EXPORT_NOT_FOUND: Export 1 of \S+ is failed and planned nothing/);
    await rename(join(scene.folder, 'elsewhere.csv'), join(scene.folder, 'profiles.csv'));
    const { document } = await scene.cliJson(`export start ${name}`);
    const { exportId } = document as ExportReport;
    const found = await scene.cliJson(`export failures ${name} 2 --key 000005`);
    expect(found.document).toMatchObject({ failures: [{ key: '000005', reason: 'email_malformed' }] });
    expect((await scene.cli(`export failures ${name} 2 --key 000001`)).output).toContain(
      'has no failures that match.',
    );

    const folder = join(scene.folder, 'staging', 'destinations', name, 'exports', exportId);
    const { folder: inside } = JSON.parse(await readFile(join(folder, 'baseline.json'), 'utf8'));
    await rm(join(folder, inside, 'outcomes.parquet'));
    expect((await scene.cli(`export failures ${name} 2`)).errors).toMatch(
      /^EXPORT_NOT_FOUND: The rows of this export have expired: it ended \d{4}-/,
    );
    await scene.cli(`destination remove ${name} --as Kim --yes`);
    await until(async () =>
      /^DESTINATION_REMOVED: The destination \S+ was removed \d{4}-.*, and its rows were deleted with it\.\n$/.test(
        await failures(),
      ),
    );
  });

  test('failures without a number are of the last export that planned anything, and say so when a later one failed', async () => {
    await scene.cli(`export start ${name}`);
    expect((await scene.cli(`export failures ${name}`)).errors).toBe('');
    await appendFile(join(scene.folder, 'profiles.csv'), '"9","too","few"\n');
    await scene.cli(`export start ${name}`);
    await scene.cli(`export plan ${name}`);
    const said =
      `Export 2 of ${name}, the last, is failed (SOURCE_MALFORMED) and planned nothing, so it has no list. ` +
      'These are the failures of export 1.\n';
    const { code, output, errors } = await scene.cli(`export failures ${name}`);
    expect({ code, output, errors }).toEqual({
      code: 0,
      output: expect.stringContaining('000005'),
      errors: expect.stringContaining(said),
    });
    const json = await scene.cliJson(`export failures ${name}`);
    expect(json).toMatchObject({ document: { number: 1 }, errors: expect.stringContaining(said) });
    expect((await scene.cli(`export failures ${name} 1`)).errors).toBe('');
    expect((await scene.cli('export failures --help')).output).not.toMatch(/of a plan: p/);
  });

  test('failures of an export in another staging store names that store', async () => {
    await scene.cli(`export start ${name}`);
    await scene.writeConfig({ staging: { folder: 'other' } });
    const { code, errors } = await scene.cli(`export failures ${name}`);
    expect(code).toBe(1);
    const { document } = await scene.cliJson(`export show ${name}`);
    const { storeId } = document as ExportReport;
    expect(errors).toMatch(new RegExp(`^STAGING_NOT_REACHABLE: [^]*staging store ${storeId}`));
  });

  test('a failed export exits with 1 and its code, and changes nothing', async () => {
    await appendFile(join(scene.folder, 'profiles.csv'), '"9","too","few"\n');
    const { code, output } = await scene.cli(`export start ${name}`);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^Export 1 failed\.\nSOURCE_MALFORMED: 1 lines? of the source could not be read[^]*--allow-unreadable-lines/,
    );
    expect((await scene.cli(`export show ${name}`)).output).toBe(output);
    expect(await detailsOf(exportWorkflowId(name))).toContain('**Failed: SOURCE_MALFORMED. 1 line');
    await until(async () =>
      /Last export \| \[1\]\(\S+\): failed, .*SOURCE_MALFORMED\. 1 line/.test(
        await detailsOf(destinationWorkflowId(name)),
      ),
    );
    expect(scene.sandbox.state(AUDIENCE).members).toBe(0);

    const { document, code: again } = await scene.cliJson(`export start ${name}`);
    expect(again).toBe(1);
    expect(document).toMatchObject({ status: 'failed', failure: { code: 'SOURCE_MALFORMED' } });
    expect((await scene.cli(`export start ${name} --allow-unreadable-lines`)).code).toBe(0);
  });

  test.each([
    ['an empty source', () => scene.writeProfiles([]), 'SOURCE_EMPTY'],
    ['a missing source', () => rm(join(scene.folder, 'profiles.csv')), 'SOURCE_UNREADABLE'],
    [
      'a missing attribute',
      () => writeFile(join(scene.folder, 'profiles.csv'), 'id,mail\n1,a\n'),
      'ATTRIBUTE_NOT_FOUND',
    ],
  ])('of %s is refused before anything is sent', async (_case, spoil, wanted) => {
    await spoil();
    const { code, output } = await scene.cli(`export start ${name}`);
    expect(code).toBe(1);
    expect(output).toContain(`\n${wanted}: `);
    expect(scene.sandbox.state(AUDIENCE).members).toBe(0);
  });

  test('of more than 1,000,000 profiles is refused before anything is sent', async () => {
    const rows = Array.from(
      { length: 1_000_001 },
      (_, number) => `${number},person${number}@mail.chinook.org,a,b,c`,
    );
    await writeFile(join(scene.folder, 'profiles.csv'), ['id,email,first,last,country', ...rows].join('\n'));
    const members = rows.map((_, number) => `${number},vip`);
    await writeFile(join(scene.folder, 'members.csv'), ['id,segment', ...members].join('\n'));
    const { code, output } = await scene.cli(`export start ${name}`);
    expect(code).toBe(1);
    expect(output).toMatch(/\nTOO_MANY_PROFILES: Nothing was sent: [^]*vip: 1,?000,?001/);
    expect(scene.sandbox.state(AUDIENCE).members).toBe(0);
  });

  test('of a removed or unknown destination is refused', async () => {
    await scene.cli(`destination remove ${name} --as Kim --yes`);
    const removed = await scene.cli(`export start ${name}`);
    expect(removed.code).toBe(1);
    expect(removed.errors).toMatch(/^DESTINATION_REMOVED: /);
    const unknown = await scene.cli('export start unknown');
    expect(unknown.code).toBe(1);
    expect(unknown.errors).toMatch(/^DESTINATION_NOT_FOUND: /);
  });

  test('that does not exist is not found, and cannot be cancelled, paused or resumed', async () => {
    expect((await scene.cli(`export show ${name}`)).errors).toContain('has no export yet');
    await scene.cli(`export plan ${name}`);
    expect((await scene.cli(`export show ${name} 7`)).errors).toMatch(/^EXPORT_NOT_FOUND: .*It has: p1\./);
    for (const verb of ['cancel', 'pause', 'resume']) {
      const { code, errors } = await scene.cli(`export ${verb} ${name}`);
      expect({ verb, code }).toEqual({ verb, code: 1 });
      expect(errors).toMatch(/^EXPORT_NOT_FOUND: /);
    }
  });

  describe('while one runs', () => {
    beforeEach(async () => {
      await blockBatches(scene);
      await scene.cli(`export start ${name} --lane batch --no-wait`);
      await until(async () => /Changes +5 of 8 done/.test((await scene.cli(`export show ${name}`)).output));
    });

    test('start joins it; show and list show its progress; cancel ends it with a report', async () => {
      const { document } = await scene.cliJson(`export start ${name} --lane batch --no-wait`);
      expect(document).toMatchObject({ number: 1, disposition: 'joined' });
      expect((await scene.cli(`export show ${name}`)).output).toContain(': Delivering');
      expect((await scene.cli(`export list ${name}`)).output).toMatch(/\n +1 +\S+ +running since .* UTC\n$/);
      expect((await scene.cliJson(`export show ${name}`)).document).toMatchObject({
        number: 1,
        phase: 'delivering',
      });
      expect((await scene.cli(`export failures ${name} 1`)).errors).toMatch(
        /^EXPORT_NOT_FOUND: .*has not ended/,
      );

      const cancelled = await scene.cli(`export cancel ${name}`);
      expect(cancelled.code).toBe(0);
      const { code, output } = await scene.cli(`export watch ${name}`);
      expect(code).toBe(1);
      expect(output).toContain('Export 1 cancelled.');
    });

    test('it is paused and resumed, and watch shows both', async () => {
      const terminal = fakeTerminal({ answers: [] });
      const watching = main(['export', 'watch', name, '--config', scene.configFile], terminal);
      await until(async () => terminal.errors().includes('Delivering'));
      expect((await scene.cli(`export pause ${name}`)).output).toContain('is paused.');
      await until(async () => terminal.errors().includes('Paused: batches in flight finish'));
      expect((await scene.cli(`export resume ${name}`)).code).toBe(0);
      await until(async () => terminal.errors().split('Delivering').length > 2);
      await scene.cli(`export cancel ${name}`);
      expect(await watching).toBe(1);
      expect(terminal.errors()).toMatch(/\[=+ *\] 62% 5 of 8 changes/);
    });

    test('Ctrl-C stops the command, not the export', async () => {
      const terminal = fakeTerminal();
      const watching = main(['export', 'watch', name, '--config', scene.configFile], terminal);
      await until(async () => terminal.errors().includes('Delivering'));
      terminal.interrupt();
      expect(await watching).toBe(130);
      expect(terminal.output()).toBe('');
      expect(terminal.errors()).toContain(
        `The export continues without this terminal. To watch it: ${scene.program} export watch ${name}\n`,
      );
      expect((await scene.cliJson(`export show ${name}`)).document).toMatchObject({ phase: 'delivering' });
    });
  });
});

/** A list has no links: the page is that of the latest export. */
function withoutLink(document: unknown): unknown {
  const { webUi, ...report } = document as { readonly webUi: string | null };
  expect(webUi).toBeNull();
  return report;
}
