import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AUDIENCE, person } from '../support/stage';
import { openScene, startConfigured, type Scene } from './scene';

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

test('addresses of a suppression list get nothing from exports, until they are lifted; nothing of them reaches Temporal', async () => {
  const empty = await scene.cli(`suppression list ${name}`);
  expect(empty.output).toBe(`The suppression list of ${name} is empty.\n`);
  const added = await scene.cli(
    `suppression add ${name} ${person(1).email} --as "Kim Data" --reason "by phone"`,
  );
  expect(added).toMatchObject({
    code: 0,
    output: expect.stringContaining('Added 1 entry to the suppression list'),
  });
  const file = join(scene.folder, 'list.txt');
  const hashed = createHash('sha256').update(person(2).email).digest('hex');
  await writeFile(file, `# do not mail\r\n${hashed}\r\n\r\n`);
  expect(await scene.cliJson(`suppression add ${name} --account --file ${file} --as Lee`)).toMatchObject({
    code: 0,
    document: { accountId: expect.any(String), added: 1, total: 1 },
  });
  await scene.cli(`export start ${name}`);
  expect(scene.sandbox.state(AUDIENCE).members).toBe(1);
  const failures = await scene.cli(`export failures ${name}`);
  expect(failures.output).toMatch(/suppressed +suppression_list +000001/);
  expect(failures.output).toMatch(/suppressed +suppression_list +000002/);
  expect((await scene.cli(`person show ${person(2).email} --destination ${name}`)).output).toMatch(
    /On the suppression list since \d{4}-\S+ \S+ UTC, by Lee/,
  );
  expect((await scene.cli(`suppression list ${name} --csv`)).output).toMatch(
    /^kind,value,since,by,reason\naddress,person000001@mail\.chinook\.org,\d{4}-[^,]*Z,Kim Data,by phone\n$/,
  );
  const history = JSON.stringify(await scene.temporal.workflow.getHandle(`mailchimp/${name}`).fetchHistory());
  for (const text of [person(1).email, hashed]) {
    expect(history).not.toContain(Buffer.from(text).toString('base64').slice(0, 20));
    expect(history).not.toContain(text);
  }

  expect((await scene.cli(`suppression lift ${name} --all`, { answers: ['n'] })).errors).toContain(
    'Nothing was changed.',
  );
  expect((await scene.cli(`suppression lift ${name} --all`, { answers: ['y'] })).output).toContain(
    'Took 1 entry off',
  );
  await scene.cli(`suppression lift ${name} ${hashed} --account --yes`);
  await scene.cli(`export start ${name}`);
  expect(scene.sandbox.state(AUDIENCE).members).toBe(3);
});

test('a suppression list wants entries that can be read, and says what is wrong', async () => {
  const wrong = await scene.cli(`suppression add ${name} a@x.test nonsense --as Kim`);
  expect(wrong).toMatchObject({ code: 1, errors: expect.stringMatching(/^INPUT_INVALID: Entry 2 of/) });
  const header = await scene.cli(`suppression add ${name} email a@x.test 1 2 --as Kim`);
  expect(header.errors).toMatch(
    /Entry 1 and 2 others of the suppression list are neither .* If the first line is a header, leave it out\. Correct them/,
  );
  expect(wrong.errors).not.toContain('nonsense');
  expect(await scene.cli(`suppression add ${name} --as Kim`)).toMatchObject({ code: 2 });
  expect(await scene.cli(`suppression add ${name} --file missing.txt --as Kim`)).toMatchObject({
    code: 1,
    errors: expect.stringContaining('missing.txt could not be read (ENOENT)'),
  });
  expect(await scene.cli(`suppression lift ${name} --yes`)).toMatchObject({ code: 2 });
  expect(await scene.cli(`suppression lift ${name} a@x.test --all --yes`)).toMatchObject({ code: 2 });
});
