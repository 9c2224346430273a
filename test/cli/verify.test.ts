import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Act } from '../../src/sandbox';
import type { ExportReport } from '../../src/contract/report';
import { callMailchimp } from '../support/mailchimp';
import { AUDIENCE, person, type ProfileRow } from '../support/stage';
import { destinationOf, openScene, startConfigured, type Scene } from './scene';

let scene: Scene;
let stopWorker: () => Promise<void>;

/** Values that Mailchimp writes in another form: a blank at the end, a letter with its accent apart. */
const PEOPLE: readonly ProfileRow[] = Array.from({ length: 9 }, (_, index) =>
  person(index + 1, { first: `Zoe\u0301 ${index + 1} `, last: index === 7 ? '' : 'Lovelace' }),
);
const MEMBERS = PEOPLE.map(({ id }, index) => [id, index < 5 ? 'vip' : 'north'] as const);

beforeAll(async () => {
  scene = await openScene();
  await scene.writeProfiles(PEOPLE);
  await scene.writeMembers(MEMBERS);
  stopWorker = await startConfigured(scene);
});

afterAll(async () => {
  await stopWorker();
  await scene.close();
});

const emailOf = (number: number) => person(number).email;

function act(email: string, action: Act['action'], more: Partial<Act> = {}): void {
  scene.sandbox.control.act({ audience: AUDIENCE, email, action, ...more });
}

async function verify(flags = ''): Promise<ExportReport> {
  const { document } = await scene.cliJson(`destination verify ${scene.destinationId} ${flags}`);
  return document as ExportReport;
}

/** Of the jobs that have claimed the destination, the first one first. */
async function claimedKinds(): Promise<readonly string[]> {
  const folder = join(scene.folder, 'staging', 'destinations', scene.destinationId, 'claims');
  const names = (await readdir(folder)).toSorted();
  const claims = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return claims.map((text) => (JSON.parse(text) as { readonly kind?: string }).kind ?? 'export');
}

interface Row {
  readonly class: string;
  readonly key: string;
  readonly email: string;
  readonly status: string;
  readonly detail: string;
}

async function drift(flags = ''): Promise<readonly string[]> {
  const { document } = await scene.cliJson(`destination drift ${scene.destinationId} ${flags}`);
  const { drift: rows } = document as { drift: readonly Row[] };
  return rows.map((row) => [row.class, row.email, row.status, row.detail].join(' ').trim());
}

const memberOf = (email: string) =>
  callMailchimp(scene.sandbox, `GET /lists/${AUDIENCE}/members/${encodeURIComponent(email)}`);

const exportNow = async () =>
  (await scene.cliJson(`export start ${scene.destinationId}`)).document as ExportReport;

test('a destination that has exported nothing has nothing to verify', async () => {
  const refused = await scene.cli(`destination verify ${scene.destinationId}`);
  expect(refused.code).toBe(1);
  expect(refused.errors).toContain('EXPORT_NOT_FOUND');
  expect(refused.errors).toContain('has exported nothing yet');
});

test('an audience as it was exported has no drift, also where Mailchimp writes values in another form', async () => {
  expect((await exportNow()).outcomes).toMatchObject({ created: 9 });
  const shown = await scene.cli(`destination verify ${scene.destinationId} --fail-on-drift`);
  expect(shown.code).toBe(0);
  expect(shown.output).toContain(
    'Verification 1: The audience is as exported: 9 contacts compared, none differs.',
  );
  const { verification, status, kind } = await verify();
  expect({ status, kind }).toEqual({ status: 'completed', kind: 'verify' });
  expect(verification).toMatchObject({ compared: 9, differing: 0, suspects: 0, inAudience: 9, gone: 0 });
  // Rows of exports are counted apart from those of other jobs.
  await scene.cli(`export plan ${scene.destinationId}`);
  expect(await claimedKinds()).toEqual(['export', 'verify', 'verify', 'plan']);
});

test('a person is not taken for forgotten where no destination was found: the answer says where it was looked for', async () => {
  const forget = 'person forget ada@mail.test --as Kim --mailchimp keep --yes --task-queue of-others';
  const { code, errors } = await scene.cli(forget);
  expect(code).toBe(1);
  expect(errors).toContain(
    'No destination was found for the task queue "of-others" in the namespace "default" of',
  );
  expect(errors).toContain(`the staging store ${join(scene.folder, 'staging')}`);
  expect((await scene.cliJson(forget)).document).toMatchObject({
    destinations: [],
    lookedAt: { taskQueue: 'of-others', found: [] },
  });
});

test('what people and other tools did since is found, by class and person, and nothing is changed', async () => {
  act(emailOf(1), 'unsubscribe');
  act(emailOf(2), 'archive');
  act(emailOf(3), 'delete-permanent');
  act(emailOf(4), 'edit', { mergeFields: { LNAME: 'Byron' } });
  act(emailOf(5), 'untag', { tag: 'VIP' });
  act(emailOf(6), 'tag', { tag: 'VIP' });
  act(emailOf(7), 'tag', { tag: 'Of others' });
  act('stranger@mail.chinook.org', 'subscribe');
  act('stranger@mail.chinook.org', 'tag', { tag: 'VIP' });
  const before = [...scene.sandbox.members(AUDIENCE)];

  const file = join(scene.folder, 'drift.csv');
  const shown = await scene.cli(`destination verify ${scene.destinationId} --fail-on-drift --csv ${file}`);
  expect(shown.code).toBe(1);
  expect(shown.output).toContain('7 contacts differ from what was exported; 9 compared.');
  expect(shown.output).toMatch(/tag_added +2 +carries a tag of this destination/);
  expect(shown.output).toContain('7 in the audience, of which 1 have opted out; 2 archived or deleted');
  expect([...scene.sandbox.members(AUDIENCE)]).toEqual(before);

  expect(await drift()).toEqual([
    `opted_out ${emailOf(1)} unsubscribed`,
    `archived ${emailOf(2)} archived`,
    `missing ${emailOf(3)}`,
    `field_changed ${emailOf(4)} subscribed LNAME`,
    `tag_removed ${emailOf(5)} subscribed VIP`,
    `tag_added ${emailOf(6)} subscribed VIP`,
    'tag_added stranger@mail.chinook.org subscribed VIP',
  ]);
  expect((await readFile(file, 'utf8')).split('\n')).toContain(
    `field_changed,000004,${emailOf(4)},subscribed,LNAME`,
  );
  const table = await scene.cli(`destination drift ${scene.destinationId} v3 --class missing`);
  expect(table.output).toContain(emailOf(3));
  expect(table.output).not.toContain(emailOf(4));
  const lines = await scene.cli(`destination drift ${scene.destinationId} --class missing --ndjson`);
  expect(JSON.parse(lines.output)).toMatchObject({ class: 'missing', email: emailOf(3) });
  const parquet = join(scene.folder, 'drift.parquet');
  const written = await scene.cli(`destination drift ${scene.destinationId} --parquet ${parquet}`);
  expect(written.output).toContain(`7 rows are in ${parquet}.`);
  const { document } = await scene.cliJson(`destination show ${scene.destinationId}`);
  expect(document).toMatchObject({ baseline: { size: 7, gone: 2, optedOut: 1 } });
});

test('a repair sends again what is ours, takes nothing from others and wakes no contact', async () => {
  const { verification } = await verify('--repair');
  expect(verification).toMatchObject({ differing: 7, repaired: 2 });
  const planned = await scene.cliJson(`export plan ${scene.destinationId}`);
  expect((planned.document as ExportReport).outcomes).toMatchObject({ updated: 2, created: 0 });
  const { outcomes, segments, baselineSize, gone } = await exportNow();
  expect(outcomes).toMatchObject({ updated: 2, created: 0, removed: 0 });
  // As the verification has read it: one of them is missing, which no list of opt-outs says.
  expect({ baselineSize, gone }).toEqual({ baselineSize: 7, gone: 2 });
  expect(segments.map(({ untagged }) => untagged)).toEqual([0, 0]);

  expect(await memberOf(emailOf(4))).toMatchObject({ merge_fields: { LNAME: 'Lovelace' } });
  expect(await memberOf(emailOf(5))).toMatchObject({ tags: [{ name: 'VIP' }] });
  expect(await memberOf(emailOf(1))).toMatchObject({ status: 'unsubscribed' });
  expect(await memberOf(emailOf(2))).toMatchObject({ status: 'archived' });
  await expect(memberOf(emailOf(3))).rejects.toThrow('404');

  expect((await exportNow()).outcomes).toMatchObject({ updated: 0, created: 0 });
  await verify();
  expect((await drift()).map((line) => line.split(' ')[0])).toEqual([
    'opted_out',
    'archived',
    'missing',
    'tag_added',
    'tag_added',
  ]);
});

test('with a sample in the configuration, each complete export says what contacts are that it reads back', async () => {
  const [settings] = Object.values(destinationOf(scene)) as [{ connect: object; configure: object }];
  const configure = { ...settings.configure, verify: { sample: 20 } };
  await scene.writeConfig({ destinations: destinationOf(scene, { configure }) });
  expect((await scene.cli(`destination configure ${scene.destinationId}`)).code).toBe(0);
  act(emailOf(8), 'edit', { mergeFields: { FNAME: 'Eva' } });
  const report = await exportNow();
  expect(report).toMatchObject({ status: 'completed', outcomes: { updated: 0 } });
  expect(report.sample).toMatchObject({
    compared: 9,
    differing: 5,
    drift: { opted_out: 1, archived: 1, missing: 1, field_changed: 1, tag_added: 1 },
  });
  const shown = await scene.cli(`export show ${scene.destinationId} ${report.number}`);
  expect(shown.output).toContain('Sample: 9 contacts read back, 5 differ');
  const { document } = await scene.cliJson(
    `destination drift ${scene.destinationId} ${report.number} --class field_changed`,
  );
  expect(document).toMatchObject({ kind: 'export', drift: [{ key: '000008', detail: 'FNAME' }] });
});
