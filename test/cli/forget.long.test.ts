import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { filesWith } from '../support/files-with';
import { AUDIENCE, CROWD, person } from '../support/stage';
import { until } from '../support/until';
import { blockBatches, openScene, startConfigured, startWorker, type Scene } from './scene';

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

const { email: EMAIL } = person(1);
const HASHES = ['md5', 'sha1', 'sha256'].map((one) => createHash(one).update(EMAIL).digest('hex'));
const staging = () => join(scene.folder, 'staging');

/** What Temporal keeps of the destination and of its jobs, as text. */
async function historiesOf(): Promise<string> {
  const histories: unknown[] = [];
  for (const id of [`mailchimp/${name}`, `mailchimp/${name}/export`])
    for await (const { runId } of scene.temporal.workflow.list({ query: `WorkflowId = "${id}"` }))
      histories.push(await scene.temporal.workflow.getHandle(id, runId).fetchHistory());
  const text = JSON.stringify(histories, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  );
  return `${text}${text.replaceAll(/"([A-Za-z0-9+/]{16,}={0,2})"/g, (_all, coded: string) => Buffer.from(coded, 'base64').toString('utf8'))}`;
}

test('person forget removes a person from the store, takes our tags off at Mailchimp, and keeps it out of later exports', async () => {
  await scene.cli(`export start ${name}`);
  expect((await filesWith(staging(), [EMAIL])).length).toBeGreaterThan(3);
  const forgotten = await scene.cliJson(
    `person forget ${EMAIL.toUpperCase()} --as "Kim Data" --mailchimp untag --keep-out --yes`,
  );
  expect(forgotten).toMatchObject({
    code: 0,
    document: {
      destinations: [{ destinationId: name, forgotten: { contacts: 1, isKeptOut: true, atMailchimp: 1 } }],
    },
  });
  expect(await filesWith(staging(), [EMAIL, ...HASHES])).toEqual([]);
  expect((await scene.client.describe(name)).baseline).toMatchObject({ size: 2, gone: 0 });
  const shown = await scene.cliJson(`person show ${EMAIL}`);
  expect(shown.document).toMatchObject({
    destinations: [
      { contacts: [], outcomes: [], mailchimp: [{ member: { status: 'subscribed', tags: [] } }] },
    ],
  });
  const text = (await historiesOf()).toLowerCase();
  expect(text).toContain('requestid');
  for (const secret of [EMAIL, ...HASHES]) expect(text).not.toContain(secret);

  await scene.cli(`export start ${name}`);
  expect((await scene.cli(`export failures ${name}`)).output).toMatch(/suppressed +suppression_list +000001/);
  const { output } = await scene.cli(`export list ${name}`);
  expect(output).toMatch(/f1 /);
  const report = (await scene.cli(`export show ${name} f1`)).output;
  expect(report).toMatch(/Removed +\d+ rows in \d+ files, 1 contact of the baseline/);
  expect(report).not.toMatch(/selected|still running/i);

  expect((await scene.cli(`suppression list ${name} --kept-out`)).output).toContain('keyed');
  const lifted = await scene.cli(`suppression lift ${name} ${EMAIL.toUpperCase()} --kept-out --yes`);
  expect(lifted.output).toContain('Took 1 entry off');
  const again = await scene.cliJson(`export start ${name}`);
  expect(again.document).toMatchObject({ outcomes: { suppressed: 0, created: 1 } });
});

test('person forget asks what becomes of the contact, deletes it at Mailchimp, and says what stays', async () => {
  await scene.cli(`export start ${name}`);
  const { members } = scene.sandbox.state(AUDIENCE);
  const refused = await scene.cli(`person forget ${EMAIL} --as Kim`, { answers: ['delete', 'n'] });
  expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('Nothing was changed.') });
  const forgotten = await scene.cli(`person forget 000001 --as Kim`, { answers: ['delete', 'y'] });
  expect(forgotten.output).toMatch(
    /removed \d+ rows in \d+ files, and the contact from the baseline; 1 contact changed/,
  );
  expect(forgotten.output).toMatch(/This stays: .*in the source.*backups/s);
  expect(scene.sandbox.state(AUDIENCE).members).toBe(members - 1);
  expect(await filesWith(staging(), [EMAIL, ...HASHES])).toEqual([]);
  const again = await scene.cli(`person forget ${EMAIL} --as Kim --mailchimp delete --yes`);
  expect(again.output).toContain(`${name}: the store had nothing of the person.`);
  expect(await scene.cli(`person forget ${EMAIL} --as Kim --yes`)).toMatchObject({ code: 2 });
});

test('person forget waits for an export that runs', async () => {
  await blockBatches(scene);
  const exporting = scene.cli(`export start ${name}`);
  await until(async () => (await scene.client.describe(name)).running !== null);
  const forgetting = scene.cli(`person forget ${CROWD[0]!.email} --as Kim --mailchimp keep --yes`);
  await until(async () => (await scene.client.describe(name)).queued.some(({ kind }) => kind === 'forget'));
  await scene.cli(`export cancel ${name}`);
  await exporting;
  expect(await forgetting).toMatchObject({ code: 0 });
  expect(await filesWith(staging(), [CROWD[0]!.email])).toEqual([]);
});

test('a contact that Mailchimp has permanently deleted is forgotten after the export that learns it, where so configured', async () => {
  await stopWorker();
  scene.config.staging!.forgetDeleted = true;
  stopWorker = await startWorker(scene);
  await scene.cli(`export start ${name}`);
  scene.sandbox.control.act({ audience: AUDIENCE, email: EMAIL, action: 'delete-permanent' });
  await scene.writeProfiles([person(1, { first: 'Augusta' }), person(2), person(3)]);
  await scene.cli(`export start ${name}`);
  await until(async () => (await scene.client.describe(name)).exports.some(({ forgotten }) => forgotten));
  expect(await filesWith(staging(), [EMAIL, ...HASHES])).toEqual([]);
  await scene.cli(`export start ${name}`);
  expect((await scene.cli(`export failures ${name}`)).output).toMatch(/suppressed +suppression_list +000001/);
  const { exports } = await scene.client.describe(name);
  expect(exports.filter(({ forgotten }) => forgotten)).toHaveLength(1);
});

test('person forget goes on while the consent is withdrawn', async () => {
  await blockBatches(scene);
  const exporting = scene.cli(`export start ${name}`);
  await until(async () => (await scene.client.describe(name)).running?.now?.phase === 'delivering');
  const forgetting = scene.cli(`person forget ${CROWD[0]!.email} --as Kim --mailchimp keep --yes`);
  await until(async () => (await scene.client.describe(name)).queued.some(({ kind }) => kind === 'forget'));
  await scene.client.withdrawConsent(name, { withdrawnBy: 'Kim' });
  await exporting;
  expect(await forgetting).toMatchObject({ code: 0 });
  expect(await filesWith(staging(), [CROWD[0]!.email])).toEqual([]);
});
