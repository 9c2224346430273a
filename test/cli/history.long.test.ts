import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { TIMELINE_STATES } from '../../src/contract/timeline';
import { person } from '../support/stage';
import { until } from '../support/until';
import { openScene, startConfigured, type Scene } from './scene';
import { storeAtRest, treeOf } from './tree';

const EXPORTS = 12;
const KEPT = 11;

let scene: Scene;
let stopWorker: () => Promise<void>;
let name: string;

/** Twelve exports, of which the destination keeps ten, and the store eleven. The first has an invalid profile, the later ones have another one. */
beforeAll(async () => {
  scene = await openScene();
  scene.config.staging!.keepExports = KEPT;
  await scene.writeConfig();
  name = scene.destinationId;
  stopWorker = await startConfigured(scene);
  await scene.export();
  await scene.plan();
  await scene.writeProfiles([
    person(1),
    person(2, { first: 'Ann' }),
    person(3),
    person(5, { email: 'no address' }),
  ]);
  for (let number = 2; number <= EXPORTS; number++) await scene.export();
  // The step that keeps the last report, and deletes the rows of the first export, runs after the export has ended.
  await until(async () => (await listed('--all')).length === KEPT);
}, 600_000);

afterAll(async () => {
  await stopWorker();
  await scene.close();
});

interface Listed {
  readonly exports: readonly { readonly number: number; readonly kind: string; readonly timeline?: object }[];
}

async function listed(line: string): Promise<readonly number[]> {
  const { document } = await scene.cliJson(`export list ${name} ${line}`);
  return (document as Listed).exports.flatMap(({ kind, number }) => (kind === 'plan' ? [] : number));
}

const downFrom = (first: number, count: number) => Array.from({ length: count }, (_, index) => first - index);

test('list shows the last ten, with a limit or all those of the store as well, and changes nothing there', async () => {
  const staging = join(scene.folder, 'staging');
  const before = await storeAtRest(scene);
  expect(await listed('')).toEqual(downFrom(12, 10));
  expect(await listed('--limit 3')).toEqual([12, 11, 10]);
  expect(await listed('--limit 11')).toEqual(downFrom(12, 11));
  expect(await listed('--all')).toEqual(downFrom(12, 11));
  expect((await scene.cli(`export list ${name}`)).output).toContain(
    `For exports before, as long as their rows are kept: ${scene.program.replace(/ .*/, '')}`,
  );
  expect((await scene.cli(`export list ${name} --all`)).output).toMatch(/\n +2 +\S+ +completed /);
  expect((await scene.cli(`export list ${name} --all --limit 2`)).code).toBe(2);
  expect(await treeOf(staging)).toEqual(before);
});

test('commands find an export that the destination no longer keeps, by its number and by its id', async () => {
  const shown = await scene.cliJson(`export show ${name} 2`);
  expect(shown).toMatchObject({ code: 0, document: { number: 2, status: 'completed' } });
  const { exportId, timeline } = shown.document as {
    exportId: string;
    timeline: { took: Record<string, number>; points: number[][] };
  };
  expect(
    Object.keys(timeline.took).every((state) => (TIMELINE_STATES as readonly string[]).includes(state)),
  ).toBe(true);
  expect(timeline.points[0]).toEqual([0, 0, 0]);
  expect(await scene.cliJson(`export show ${name} ${exportId}`)).toMatchObject({
    code: 0,
    document: { number: 2 },
  });
  expect((await scene.cli(`export failures ${name} 2`)).output).toMatch(
    /invalid +email_malformed +email +000005/,
  );
  expect((await scene.cli(`export segments ${name} 2`)).output).toMatch(/vip +VIP/);
  expect((await scene.cli(`export warnings ${name} 2`)).output).toContain('has no warning');
});

test('person show has the outcomes of all exports whose rows are kept', async () => {
  const { document } = await scene.cliJson('person show 000005 --no-mailchimp');
  const [{ outcomes }] = (document as { destinations: [{ outcomes: { number: number; outcome: string }[] }] })
    .destinations;
  expect(outcomes.map(({ number }) => number)).toEqual(downFrom(12, 11));
});

test('an export whose rows have expired has no report either, and the command says so', async () => {
  const { code, errors } = await scene.cli(`export show ${name} 1`);
  expect(code).toBe(1);
  expect(errors).toContain(
    `has no report of export 1 any longer: it has expired with the rows of that export`,
  );
  const later = await scene.cli(`export show ${name} 99`);
  expect(later.errors).toContain(`has no export "99". It has: 12, 11`);
});

test('without the store, a command says that an earlier export may be there', async () => {
  const { staging, ...rest } = scene.config;
  await scene.writeConfig({ ...rest, staging: { ...staging, folder: join(scene.folder, 'other') } });
  const { code, errors } = await scene.cli(`export show ${name} 2`);
  await scene.writeConfig();
  expect(code).toBe(1);
  expect(errors).toMatch(/no longer keeps export 2, and its staging store cannot be read here\. The rows of/);
});

test('compare shows the numbers of two exports side by side, also of one that only the store has', async () => {
  const { code, output } = await scene.cli(`export compare ${name} 2 12`);
  expect(code).toBe(0);
  expect(output).toMatch(/^Export 2, completed, started .*\nExport 12, completed, started /);
  expect(output).toMatch(/outcomes +updated +1 +0 +-1\n/);
  expect(output).toMatch(/invalid +email_malformed +1 +1 +0\n/);
  expect(output).toMatch(/delivery +took +\S/);
  const { document } = await scene.cliJson(`export compare ${name} 2 12`);
  expect(document).toMatchObject({ before: { number: 2 }, after: { number: 12 } });
  expect((document as { differences: unknown[] }).differences).toContainEqual({
    group: 'outcomes',
    name: 'updated',
    before: 1,
    after: 0,
    difference: -1,
  });
});

test('report prints Markdown and writes a page, neither with a person in it unless that is asked for', async () => {
  const markdown = await scene.cli(`export report ${name} 2 --markdown`);
  expect(markdown.code).toBe(0);
  expect(markdown.output).toMatch(/^# Export 2 of Newsletter\n\nCompleted/);
  expect(markdown.output).toContain('| invalid | email\\_malformed | 1 | not an e-mail address |');
  expect(markdown.output).not.toContain('no address');

  const file = join(scene.folder, 'report.html');
  await writeFile(file, 'earlier');
  const line = `export report ${name} 2 --html ${file}`;
  expect((await scene.cli(line)).output).toContain(`The report of export 2 of ${name} is in ${file}.`);
  const page = await readFile(file, 'utf8');
  expect(page).not.toMatch(/@mail|no address|000005/);
  const { document } = parseHTML(page);
  expect([...document.querySelectorAll('svg > title')].map(({ textContent }) => textContent)).toEqual(
    expect.arrayContaining(['Outcomes', 'Rate over time']),
  );
  expect((await scene.cli(`${line} --with-people`)).code).toBe(0);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, 'utf8')).toContain('<td class="text">no address</td>');
  expect((await scene.cli(`export report ${name} --html -`)).output).toMatch(
    /^<!doctype html>[^]*Export 12 of Newsletter/,
  );
});

test('report refuses what it cannot do with what to do instead', async () => {
  expect(await scene.cli(`export report ${name}`)).toMatchObject({
    code: 2,
    errors: expect.stringContaining('pass either --html FILE or --markdown'),
  });
  const nowhere = await scene.cli(`export report ${name} --html ${join(scene.folder, 'none', 'r.html')}`);
  expect(nowhere).toMatchObject({
    code: 1,
    errors: expect.stringContaining('(ENOENT). Name a file in a folder that exists'),
  });
});
