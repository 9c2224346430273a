import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Act } from '../../src/sandbox/model/act';
import { AUDIENCE, person } from '../support/stage';
import { until } from '../support/until';
import { openScene, startConfigured, type Scene } from './scene';

const PEOPLE = Array.from({ length: 30 }, (_, index) => person(index + 1));
const EMAILS = PEOPLE.map(({ email }) => email);
/** Members of the audience that fill the canary. */
const KNOWN = EMAILS.slice(0, 5);
const [FIRST, SECOND, OPTED_OUT, FOREIGN] = [EMAILS[20]!, EMAILS[21]!, EMAILS[22]!, 'other@mail.chinook.org'];

let scene: Scene;
let stopWorker: () => Promise<void>;
let name: string;

beforeEach(async () => {
  scene = await openScene();
  name = scene.destinationId;
  await scene.writeProfiles(PEOPLE);
  await scene.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
  for (const email of [...KNOWN, FIRST, SECOND, OPTED_OUT, FOREIGN]) act(email, 'subscribe');
  act(OPTED_OUT, 'unsubscribe');
  act(FOREIGN, 'archive');
  stopWorker = await startConfigured(scene);
});

afterEach(async () => {
  await stopWorker();
  await scene.close();
});

const act = (email: string, action: Act['action']) =>
  scene.sandbox.control.act({ audience: AUDIENCE, email, action });
const statuses = () =>
  Object.fromEntries([...scene.sandbox.members(AUDIENCE)].map(({ email, status }) => [email, status]));
const deletions = () =>
  scene.sandbox
    .requests()
    .filter(({ method, route }) => method === 'DELETE' && route.startsWith('/lists/'))
    .reduce((sum, { count }) => sum + count, 0);

/** An export that wakes two contacts: they are archived after its last look at who has left, and before its batch runs. */
async function exportThatWakes(others: () => void = () => {}): Promise<void> {
  scene.sandbox.control.set({ batchPolls: 1_000_000 });
  const { id } = await scene.client.start(name);
  await until(async () => (await scene.progress())?.batches === 1);
  act(FIRST, 'archive');
  act(SECOND, 'archive');
  others();
  scene.sandbox.control.set({ batchPolls: 0 });
  expect(await scene.follow(id)).toMatchObject({ status: 'failed', failure: { code: 'CONSENT_TRIPWIRE' } });
  expect(statuses()).toMatchObject({ [FIRST]: 'subscribed', [SECOND]: 'subscribed' });
}

const command = () => `export rearchive ${name} 1`;

describe('rearchive', () => {
  test('is named by the report, asks first, archives exactly the contacts that were woken, and may run twice', async () => {
    await exportThatWakes();
    expect((await scene.cli(`export show ${name} 1`)).output).toContain(
      `${scene.program} export rearchive ${name} 1`,
    );
    const listed = await scene.cliJson(`export failures ${name} 1`);
    expect((listed.document as { failures: unknown[] }).failures).toMatchObject([
      { email: FIRST, reason: 'resubscribed', text: 'was archived' },
      { email: SECOND, reason: 'resubscribed', text: 'was archived' },
    ]);
    const before = statuses();

    const refused = await scene.cli(command(), { answers: ['n'] });
    expect(refused.errors).toMatch(/Archive 2 contacts of Newsletter again, .*\n.*Nothing was changed\./s);
    expect(refused.code).not.toBe(0);
    expect(statuses()).toEqual(before);

    const done = await scene.cli(command(), { answers: ['y'] });
    expect(done).toMatchObject({ code: 0, output: 'Archived 2 contacts again.\n' });
    const after = { ...before, [FIRST]: 'archived', [SECOND]: 'archived' };
    expect(statuses()).toEqual(after);
    expect(deletions()).toBe(2);

    const again = await scene.cli(command(), { answers: ['y'] });
    expect(again).toMatchObject({
      code: 0,
      output: 'Archived 0 contacts again. 2 are not subscribed now, and stay as they are.\n',
    });
    expect(statuses()).toEqual(after);
    expect(deletions()).toBe(2);
  });

  test('refuses to work without a terminal and without --yes, and needs no terminal with it', async () => {
    await exportThatWakes();
    const before = statuses();
    const refused = await scene.cli(command());
    expect(refused.errors).toContain('rearchive needs --yes');
    expect(refused.code).toBe(2);
    expect(statuses()).toEqual(before);
    expect(await scene.cliJson(`${command()} --yes`)).toMatchObject({
      code: 0,
      document: { destinationId: name, number: 1, archived: 2, skipped: 0, others: 0 },
    });
    expect(statuses()).toEqual({ ...before, [FIRST]: 'archived', [SECOND]: 'archived' });
  });

  test('leaves a woken contact as it is that has opted out since, and one that had opted out and was resubscribed', async () => {
    await exportThatWakes(() => act(OPTED_OUT, 'subscribe'));
    act(SECOND, 'unsubscribe');
    const before = statuses();
    const done = await scene.cli(`${command()} --yes`);
    expect(done.output).toBe(
      'Archived 1 contact again. 1 is not subscribed now, and stays as it is. ' +
        '1 other was not archived before: see export failures, and decide about them in Mailchimp.\n',
    );
    expect(statuses()).toEqual({ ...before, [FIRST]: 'archived' });
    expect(before).toMatchObject({ [SECOND]: 'unsubscribed', [OPTED_OUT]: 'subscribed' });
  });

  test('says so where an export has woken no contact, and asks nothing', async () => {
    expect(await scene.export()).toMatchObject({ status: 'completed' });
    const before = statuses();
    expect(await scene.cli(command(), { answers: [] })).toMatchObject({
      code: 0,
      output: `Export 1 of ${name} has woken no archived contact.\n`,
    });
    expect((await scene.cliJson(command())).document).toMatchObject({ archived: 0, skipped: 0, others: 0 });
    expect(statuses()).toEqual(before);
    expect(deletions()).toBe(0);
  });
});
