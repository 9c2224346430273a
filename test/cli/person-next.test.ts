import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AUDIENCE, person } from '../support/stage';
import { destinationOf, openScene, startConfigured, startWorker, type Scene } from './scene';

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

/** What `person show` says of the next export, in the fields of its JSON. */
async function nextOf(key: string, flags = ''): Promise<{ number: number; contacts: unknown[] }> {
  const { document } = await scene.cliJson(`person show ${key} ${flags}`);
  return (document as { destinations: [{ next: { number: number; contacts: unknown[] } }] }).destinations[0]
    .next;
}

test('person show says what the next export does: nothing, withheld, refused, sent again, untagged, and does what it says', async () => {
  stopWorker = await startConfigured(scene);
  const all = Array.from({ length: 8 }, (_, index) => person(index + 1));
  const people = [...all, person(9, { email: 'nine@example.com' }), person(10, { email: 'none' })];
  await scene.writeProfiles(people);
  await scene.writeMembers(people.map(({ id }) => [id, 'vip']));
  await scene.cli(`export start ${name}`);
  await scene.writeMembers(people.slice(1).map(({ id }) => [id, 'vip']));
  await scene.cli(`export start ${name}`);
  // Since that export: one is on a list, one is archived, one is forgotten and kept out, a refusal is lifted.
  await scene.cli(`suppression add ${name} ${person(3).email} --as Kim`);

  const nothing = { change: null, added: [], removed: [], fields: [] };
  const expected: Record<string, object> = {
    '000001': { ...nothing, outcome: 'removed', tags: [] },
    '000002': { ...nothing, outcome: 'unchanged', tags: ['VIP'] },
    '000003': { change: 'untag', outcome: null, reason: 'suppression_list', removed: ['VIP'] },
    '000004': { ...nothing, outcome: 'suppressed', reason: 'archived' },
    '000009': { ...nothing, outcome: 'rejected', reason: 'fake', since: expect.stringMatching(/^\d{4}-.*Z$/) },
    '000010': { ...nothing, outcome: 'invalid', reason: 'email_malformed' },
  };
  for (const [key, contact] of Object.entries(expected)) {
    const next = await nextOf(key);
    console.log(key, JSON.stringify(next));
  }
  for (const key of Object.keys(expected)) console.log((await scene.cli(`person show ${key}`)).output);
});
