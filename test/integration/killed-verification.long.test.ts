import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { OwnedProcess } from '../../src/dev/owned-process';
import { AUDIENCE, openStage, person, reportOf, type Stage } from '../support/stage';
import { until } from '../support/until';
import { untilAnswered } from '../support/until-answered';
import { startWorker } from './killed-worker';

const PROFILES = 2_400;
/** Of these, other tools take the tag off. Three times as many as are read between two marks. */
const UNTAGGED = 600;
/** Three pages of members, which overlap, and one of archived ones. */
const PAGES = 4;

let stage: Stage;
let workers: OwnedProcess[];
let configFile: string;

beforeEach(async () => {
  workers = [];
  stage = await openStage({ sandbox: { replies: 'lean' } });
  Object.assign(stage.config.accounts['main']!, { longestRequestSeconds: 30 });
  configFile = join(stage.folder, 'temporal-mailchimp.yaml');
  const temporal = { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue };
  await writeFile(configFile, stringify({ ...stage.config, temporal }));
  await stage.writeProfiles(Array.from({ length: PROFILES }, (_, index) => person(index + 1)));
  await stage.writeMembers(
    Array.from({ length: PROFILES }, (_, index) => [person(index + 1).id, 'vip'] as const),
  );
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await stage.close();
});

/** Requests that read members so far, by their route. */
function readsOf(route: string): number {
  return stage.sandbox
    .requests()
    .filter((request) => request.method === 'GET' && request.route === route)
    .reduce((sum, { count }) => sum + count, 0);
}

const names = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

test('a verification whose worker is killed twice goes on where it was, and finds the same', async () => {
  workers.push(await startWorker(configFile));
  await untilAnswered(() => stage.connect());
  await stage.configure();
  expect((await stage.export({ lane: 'direct' })).outcomes).toMatchObject({ created: PROFILES });
  for (let number = 1; number <= UNTAGGED; number++)
    stage.sandbox.control.act({
      audience: AUDIENCE,
      email: person(number).email,
      action: 'untag',
      tag: 'VIP',
    });
  const before = [...stage.sandbox.members(AUDIENCE)].length;
  const [pages, single] = [
    readsOf('/lists/{list_id}/members'),
    readsOf('/lists/{list_id}/members/{subscriber_hash}'),
  ];

  stage.sandbox.fail('delay 20 s always after 2 on GET /lists/*/members');
  const handle = await stage.client.verify(stage.destinationId);
  const folder = join(stage.folder, 'staging/destinations', stage.destinationId, 'exports', handle.id);
  await until(async () => names(join(folder, 'census')).length === 2);
  await workers[0]!.kill();
  stage.sandbox.clearFaults();
  stage.sandbox.fail('delay 20 s always after 250 on GET /lists/*/members/*');
  workers.push(await startWorker(configFile));
  await until(async () => names(join(folder, 'readings')).length === 1);
  await workers[1]!.kill();
  expect(existsSync(join(folder, 'drift.json'))).toBe(false);
  stage.sandbox.clearFaults();
  workers.push(await startWorker(configFile));

  const { status, verification } = await reportOf(handle);
  expect(status).toBe('completed');
  expect(verification).toMatchObject({
    compared: PROFILES,
    differing: UNTAGGED,
    drift: { tag_removed: UNTAGGED },
    inAudience: PROFILES,
  });
  expect([...stage.sandbox.members(AUDIENCE)].length).toBe(before);
  // What was in progress when the worker was killed is read again, and nothing else.
  expect(readsOf('/lists/{list_id}/members') - pages).toBeLessThanOrEqual(PAGES + 4);
  expect(readsOf('/lists/{list_id}/members/{subscriber_hash}') - single).toBeLessThan(UNTAGGED + 200);
});
