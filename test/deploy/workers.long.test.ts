import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { exportWorkflowId } from '../../src/contract/identifiers';
import { freePort } from '../../src/dev/dev-server';
import { spawnOwned, type OwnedProcess } from '../../src/dev/owned-process';
import { INSTALL_TIMEOUT_MS } from '../support/install-by-apt';
import { startS3, type TestStore } from '../support/object-stores';
import { AUDIENCE, openStage, person, reportOf, type Stage } from '../support/stage';
import { until } from '../support/until';
import { untilAnswered } from '../support/until-answered';
import { readShape } from './manifests';

const CLI = resolve(__dirname, '../../dist/cli/main.js');
const PEOPLE = 12_000;
/** Slow enough that an export is under way until it is let go on. */
const SLOW_MS = 15_000;
/** After it, the next export sends again what a stopped worker had under way. */
const LONGEST_SECONDS = 40;
/** What a pod gets to end. */
const GRACE_MS =
  readShape('kubernetes/overlays/object-store').objects.find(({ kind }) => kind === 'Deployment')!.spec
    .template.spec.terminationGracePeriodSeconds * 1000;

interface Pod {
  readonly folder: string;
  readonly process: OwnedProcess;
}

let server: TestStore;
let stage: Stage;
/** Those that run, the oldest first. */
let pods: Pod[] = [];
let started = 0;

beforeAll(async () => {
  server = await startS3();
  stage = await openStage();
  await write('Norway');
  await stage.writeMembers(
    Array.from({ length: PEOPLE }, (_, index) => [person(index + 1).id, tagged(index)]),
  );
  await Promise.all([startPod(), startPod()]);
  await untilAnswered(() => stage.connect());
  await stage.configure();
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all(pods.map(({ process }) => process.kill()));
  await stage.close();
  await server.close();
});

const TAGS = { vip: 'VIP', north: 'North' } as const;
const tagged = (index: number) => (index % 100 === 0 ? 'vip' : 'north');
const write = (country: string) =>
  stage.writeProfiles(Array.from({ length: PEOPLE }, (_, index) => person(index + 1, { country })));

/** A worker as in a pod: of the command line, with a disk of its own, and ready when its probe says so. */
async function startPod(): Promise<void> {
  const folder = join(stage.folder, `pod-${++started}`);
  const [account] = Object.values(stage.config.accounts);
  const config = {
    ...stage.config,
    temporal: { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue },
    staging: { folder, ...server.at(server.url).staging('staging') },
    accounts: { main: { ...account, connections: 1, longestRequestSeconds: LONGEST_SECONDS } },
  };
  await writeFile(`${folder}.yaml`, stringify(config));
  const health = `127.0.0.1:${await freePort()}`;
  const args = [CLI, '--config', `${folder}.yaml`, 'worker', '--health-address', health];
  const worker = await spawnOwned({ command: process.execPath, args });
  pods = [...pods, { folder, process: worker }];
  await until(async () => (await fetch(`http://${health}/readyz`).catch(() => undefined))?.ok);
}

/** As a node does it with a pod: SIGTERM, and no disk afterwards. */
async function stopPod(pod: Pod): Promise<void> {
  pods = pods.filter((one) => one !== pod);
  const asked = Date.now();
  process.kill(pod.process.pid, 'SIGTERM');
  expect(await pod.process.ended).toBe('exit code 0');
  expect(Date.now() - asked).toBeLessThan(GRACE_MS);
  await rm(pod.folder, { recursive: true, force: true });
}

/** The worker that sends now. */
async function sendingPod(): Promise<Pod> {
  const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
  return until(async () => {
    const { raw } = await handle.describe();
    const sending = raw.pendingActivities?.find(
      ({ activityType }) => activityType?.name === 'mailchimp.sendChunks',
    );
    return pods.find(({ process }) => sending?.lastWorkerIdentity?.startsWith(`${process.pid}@`));
  });
}

const atMailchimp = (country: string) =>
  [...stage.sandbox.members(AUDIENCE)].filter(({ mergeFields }) => mergeFields['COUNTRY'] === country).length;

/**
 * Exports people of another country, so that each is sent, while `disturb` has its way.
 * @returns addresses of contacts that are not as the source says
 */
async function exportThrough(country: string, disturb: () => Promise<void>): Promise<string[]> {
  await write(country);
  stage.sandbox.control.set({ operationMs: SLOW_MS });
  const handle = await untilAnswered(() =>
    stage.client.start(stage.destinationId, { options: { lane: 'direct' } }),
  );
  await until(async () => atMailchimp(country) > 0);
  await disturb();
  const left = PEOPLE - atMailchimp(country);
  // Otherwise it was not disturbed.
  expect(left).toBeGreaterThan(0);
  stage.sandbox.control.set({ operationMs: 0 });
  const { status, outcomes } = await reportOf(handle);
  expect(status).toBe('completed');
  expect(outcomes.created + outcomes.updated).toBe(PEOPLE);
  const found = new Map(
    [...stage.sandbox.members(AUDIENCE)].map(({ email, status: is, mergeFields, tags }) => [
      email,
      [is, mergeFields['FNAME'], mergeFields['COUNTRY'], ...tags].join(),
    ]),
  );
  const people = Array.from({ length: PEOPLE }, (_, index) => ({
    ...person(index + 1),
    tag: TAGS[tagged(index)],
  }));
  const wrong = people.filter(
    ({ email, first, tag }) => found.get(email) !== ['subscribed', first, country, tag].join(),
  );
  expect(found.size).toBe(PEOPLE);
  return wrong.map(({ email }) => email);
}

test('a rolling deploy replaces each worker while an export sends, and the export goes on', async () => {
  const wrong = await exportThrough('Norway', async () => {
    for (const old of pods) {
      await startPod();
      await stopPod(old);
    }
  });
  expect(wrong.slice(0, 3)).toEqual([]);
}, 600_000);

test('an export goes on while workers are scaled down to one, and back', async () => {
  const wrong = await exportThrough('Denmark', async () => {
    await stopPod(await sendingPod());
    const sent = atMailchimp('Denmark');
    await until(async () => atMailchimp('Denmark') > sent);
    await startPod();
  });
  expect(wrong.slice(0, 3)).toEqual([]);
}, 600_000);

test('a node that is lost with its disk loses no row: another worker goes on', async () => {
  const wrong = await exportThrough('Sweden', async () => {
    const lost = await sendingPod();
    pods = pods.filter((one) => one !== lost);
    await lost.process.kill();
    await rm(lost.folder, { recursive: true, force: true });
    const sent = atMailchimp('Sweden');
    await until(async () => atMailchimp('Sweden') > sent);
  });
  expect(wrong.slice(0, 3)).toEqual([]);
}, 600_000);
