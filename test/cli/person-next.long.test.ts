import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { callMailchimp } from '../support/mailchimp';
import { AUDIENCE, person } from '../support/stage';
import { destinationOf, openScene, startConfigured, type Scene } from './scene';

let scene: Scene;
let stopWorker: () => Promise<void>;
let name: string;

beforeEach(async () => {
  scene = await openScene();
  name = scene.destinationId;
});

afterEach(async () => {
  await stopWorker();
  await scene.close();
});

interface Shown {
  readonly destinations: readonly [
    {
      readonly outcomes: readonly object[];
      readonly next: { readonly number: number; readonly contacts: readonly object[] };
    },
  ];
}

async function shownOf(person: string) {
  const { document } = await scene.cliJson(`person show ${person} --destination ${name}`);
  return (document as Shown).destinations[0];
}

const SIGNED_UP = '2026-01-02T03:04:05Z';
const MAY_ADD = { last: SIGNED_UP, country: 'yes' };

test('person show says what the next export does and why, and the next export does it', async () => {
  const configure = {
    email: 'email',
    fields: { FNAME: 'first' },
    segments: { vip: 'VIP' },
    addOnlyIf: 'country',
    signup: { at: 'last' },
    guards: { removalShare: 1 },
  };
  await scene.writeConfig({ destinations: destinationOf(scene, { configure }) });
  stopWorker = await startConfigured(scene);
  const people = [
    ...[1, 2, 3, 4, 5, 6, 7].map((number) => person(number, MAY_ADD)),
    person(8, { ...MAY_ADD, email: 'eight@example.com' }),
    person(9, { ...MAY_ADD, country: 'no' }),
  ];
  const membersWithout = (left?: string) =>
    scene.writeMembers(people.filter(({ id }) => id !== left).map(({ id }) => [id, 'vip'] as const));
  await scene.writeProfiles(people);
  await membersWithout();
  await scene.cli(`export start ${name}`);
  // Of three changes it sends one.
  await scene.writeProfiles(
    people.map((one, index) => (index === 0 || index === 4 ? { ...one, first: 'Ada' } : one)),
  );
  await membersWithout('000006');
  await scene.cli(`export start ${name} --limit 1`);
  // What the command knows of since then.
  await scene.cli(`suppression add ${name} ${person(2).email} --as Kim`);
  await callMailchimp(scene.sandbox, `DELETE /lists/${AUDIENCE}/members/${person(3).email}`);
  await scene.cli(`person forget 000007 --destination ${name} --as Kim --mailchimp keep --keep-out --yes`);

  const nothing = { change: null, added: [], removed: [], fields: [] };
  const expected = {
    '000001': { ...nothing, outcome: 'unchanged', tags: ['VIP'], mayAdd: true },
    '000002': { change: 'untag', outcome: 'suppressed', reason: 'suppression_list', removed: ['VIP'] },
    '000003': { ...nothing, outcome: 'suppressed', reason: 'archived' },
    '000005': { change: 'update', outcome: null, added: [], fields: ['FNAME'] },
    '000006': { change: 'untag', outcome: null, tags: [], removed: ['VIP'] },
    '000008': {
      ...nothing,
      outcome: 'rejected',
      reason: 'fake',
      since: expect.stringMatching(/^\d{4}-.*Z$/),
    },
    '000009': { ...nothing, outcome: 'suppressed', reason: 'not_allowed', mayAdd: false },
  };
  for (const [key, contact] of Object.entries(expected)) {
    const { next } = await shownOf(key);
    expect({ key, next }).toMatchObject({ key, next: { number: 2, contacts: [{ key, ...contact }] } });
  }
  const { outcomes } = await shownOf('000005');
  const consent = { by: 'Kim', textVersion: '2026-11', statusIfNew: 'subscribed', proof: null };
  const startedAt = expect.stringMatching(/^\d{4}-.*Z$/);
  expect(outcomes).toMatchObject([
    { number: 2, startedAt, outcome: 'not_sent', signup: null, consent },
    { number: 1, startedAt, outcome: 'created', signup: { ip: null, at: SIGNED_UP }, consent },
  ]);
  const changed = await scene.cli(`person show 000005 --destination ${name}`);
  expect(changed.output).toMatch(/2 +\d{4}-\S+ \S+ UTC +000005 +person000005@\S+ +not_sent +beyond_limit/);
  expect(changed.output).toMatch(/Consent +Kim agreed .* to version 2026-11 .*\(exports 1, 2\)/);
  expect(changed.output).toMatch(
    /Evidence of the signup +at 2026-01-02 03:04:05 UTC; sent with .*\(export 1\)/,
  );
  expect(changed.output).toMatch(/Next export +as of the profiles and settings that export 2 has read/);
  expect(changed.output).toMatch(/Sent; fields that differ: FNAME/);
  expect((await scene.cli(`person show ${person(7).email} --destination ${name}`)).output).toMatch(
    /Next export +nothing, even if a profile has the address: it is kept out/,
  );

  await scene.cli(`export start ${name}`);
  const { document } = await scene.cliJson(`export failures ${name}`);
  expect(document).toMatchObject({
    number: 3,
    failures: [
      { key: '000002', outcome: 'suppressed', reason: 'suppression_list' },
      { key: '000003', outcome: 'suppressed', reason: 'archived' },
      { key: '000007', outcome: 'suppressed', reason: 'suppression_list' },
      { key: '000008', outcome: 'rejected', reason: 'fake' },
      { key: '000009', outcome: 'suppressed', reason: 'not_allowed' },
    ],
  });
  const members = [...scene.sandbox.members(AUDIENCE)];
  expect(members.find(({ email }) => email === person(5).email)).toMatchObject({
    mergeFields: { FNAME: 'Ada' },
  });
  for (const number of [2, 6])
    expect(members.find(({ email }) => email === person(number).email)).toMatchObject({ tags: [] });
});
