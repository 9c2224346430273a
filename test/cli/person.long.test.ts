import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CROWD, CROWD_MEMBERS, person } from '../support/stage';
import { openScene, startConfigured, type Scene } from './scene';
import { storeAtRest, treeOf } from './tree';

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

const EMAIL = person(1).email;

test('person show says what was sent, what became of it in each export, what was refused, and what Mailchimp has now', async () => {
  await scene.writeProfiles([
    person(1, { email: ' ADA@example.org' }),
    person(2, { email: 'two@example.com' }),
  ]);
  await scene.cli(`export start ${name}`);
  await scene.writeProfiles([
    person(1, { email: 'ada@example.org', first: 'Augusta' }),
    person(2, { email: 'two@example.com' }),
  ]);
  await scene.cli(`export start ${name}`);
  const before = await storeAtRest(scene);
  const shown = await scene.cliJson('person show Ada@Example.org');
  expect(shown).toMatchObject({
    code: 0,
    document: {
      email: 'Ada@Example.org',
      destinations: [
        {
          destinationId: name,
          contacts: [
            {
              email: 'ada@example.org',
              keys: ['000001'],
              state: 'proven',
              status: 'subscribed',
              statusBefore: null,
              tags: ['VIP'],
              fields: ['FNAME', 'LNAME', 'COUNTRY'],
              refusal: null,
            },
          ],
          outcomes: [
            { number: 2, key: '000001', outcome: 'updated' },
            { number: 1, key: '000001', email: expect.stringMatching(/ADA/), outcome: 'created' },
          ],
          mailchimp: [
            {
              email: 'ada@example.org',
              member: { status: 'subscribed', tags: [{ name: 'VIP' }], fields: { FNAME: 'Augusta' } },
            },
          ],
          problems: [],
        },
      ],
    },
  });
  const refused = await scene.cli('person show 000002');
  expect(refused.output).toMatch(/State +never sent/);
  expect(refused.output).toMatch(/Refused +fake, \d{4}-\S+ \S+ UTC: .*; sent again when it changes/);
  expect(refused.output).toMatch(/1 +\d{4}-\S+ \S+ UTC +000002 +two@example\.com +rejected +fake/);
  expect(refused.output).toMatch(/In Mailchimp now +two@example\.com is not in the audience/);
  expect(await treeOf(join(scene.folder, 'staging'))).toEqual(before);
});

test('person show finds a person whose address has changed, by the old address and by the key', async () => {
  await scene.writeMembers(CROWD_MEMBERS);
  for (const email of ['old@example.org', 'new@example.org']) {
    await scene.writeProfiles([person(1, { email }), ...CROWD.slice(1)]);
    expect(await scene.cli(`export start ${name}`)).toMatchObject({ code: 0 });
  }
  const byKey = await scene.cliJson('person show 000001');
  expect(byKey.document).toMatchObject({
    key: '000001',
    destinations: [
      {
        contacts: expect.arrayContaining([
          expect.objectContaining({ email: 'new@example.org', tags: ['VIP'] }),
        ]),
        outcomes: expect.arrayContaining([
          expect.objectContaining({ number: 2, email: 'new@example.org', outcome: 'created' }),
          expect.objectContaining({ number: 2, email: 'old@example.org', outcome: 'removed' }),
          expect.objectContaining({ number: 1, email: 'old@example.org', outcome: 'created' }),
        ]),
        mailchimp: expect.arrayContaining([
          { email: 'old@example.org', member: expect.objectContaining({ tags: [] }) },
          {
            email: 'new@example.org',
            member: expect.objectContaining({ tags: [expect.objectContaining({ name: 'VIP' })] }),
          },
        ]),
      },
    ],
  });
  expect((await scene.cli('person show old@example.org')).output).toMatch(
    /2 +\d{4}-\S+ \S+ UTC +000001 +old@example\.org +removed/,
  );
});

test('person show says so where nothing is known of a person, and shows what Mailchimp has where the store is away', async () => {
  const unknown = await scene.cli('person show stranger@example.org');
  expect(unknown).toMatchObject({
    code: 0,
    output: `Nothing is known of stranger@example.org in: ${name}.\n`,
  });
  await scene.cli(`export start ${name}`);
  const [staging, away] = [join(scene.folder, 'staging'), join(scene.folder, 'away')];
  await rename(staging, away);
  const shown = await scene.cliJson(`person show ${EMAIL} --destination ${name}`);
  await rename(away, staging);
  expect(shown.document).toMatchObject({
    destinations: [
      {
        contacts: [],
        mailchimp: [{ member: { status: 'subscribed' } }],
        problems: [{ code: 'STAGING_NOT_REACHABLE' }],
      },
    ],
  });
  const quiet = await scene.cliJson(`person show ${EMAIL} --no-mailchimp`);
  expect(quiet.document).not.toHaveProperty('destinations.0.mailchimp');
});

test('person show of a key that was never sent names its entry on the suppression list, and finds outcomes by the normalised address', async () => {
  await scene.writeProfiles([
    person(1, { email: 'ADA@bücher.example' }),
    person(2, { email: 'two@example.com' }),
  ]);
  await scene.cli(`suppression add ${name} ada@xn--bcher-kva.example --as Kim`);
  await scene.cli(`export start ${name}`);
  const known = {
    suppressions: [{ value: 'ada@xn--bcher-kva.example', by: 'Kim' }],
    outcomes: [{ key: '000001', outcome: 'suppressed' }],
  };
  for (const line of ['person show 000001', 'person show ada@xn--bcher-kva.example']) {
    const { document } = await scene.cliJson(`${line} --no-mailchimp`);
    expect(document).toMatchObject({ destinations: [known] });
  }
  const { document } = await scene.cliJson('person show ADA@bücher.example');
  expect(document).toMatchObject({
    destinations: [{ mailchimp: [{ email: 'ada@xn--bcher-kva.example', member: null }] }],
  });
});
