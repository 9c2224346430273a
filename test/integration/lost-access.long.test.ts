import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { login } from '../../src/cli/account/login';
import { WorkerConfigSchema } from '../../src/config/config';
import {
  reportOf,
  CONFIGURE,
  CONNECT,
  CROWD,
  CROWD_MEMBERS,
  AUDIENCE,
  AUDIENCE_SEED,
  openStage,
  workerLogs,
  type Stage,
} from '../support/stage';
import { reasonIn } from '../support/export-state';
import { until } from '../support/until';

const OTHER_KEY = 'ffffffffffffffffffffffffffffffff-us2';
const OTHER_AUDIENCE = 'd0000f00d5';

let stage: Stage;

beforeEach(async () => {
  const audiences = [{ ...AUDIENCE_SEED, id: OTHER_AUDIENCE }];
  stage = await openStage({
    sandbox: { audiences: [AUDIENCE_SEED], accounts: [{ apiKeys: [OTHER_KEY], audiences }] },
  });
  process.env['OTHER_KEY'] = OTHER_KEY;
  const { main } = stage.config.accounts;
  Object.assign(stage.config.accounts, { other: { ...main, apiKey: 'env:OTHER_KEY' } });
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  delete process.env['OTHER_KEY'];
  await stage.close();
});

const sumOf = (outcomes: Readonly<Record<string, number>>) =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0);

test.each(['batch', 'direct'] as const)(
  'an export whose audience is deleted in its middle stops, and counts every profile once it is cancelled (%s lane)',
  async (lane) => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      // After the canary, which is the first of these.
      stage.sandbox.fail(`delete audience ${AUDIENCE} after 1 anywhere on POST /lists/*`);
      const handle = await stage.client.start(stage.destinationId, { options: { lane } });
      const { code } = await until(async () => reasonIn(await handle.progress(), 'stopped'));
      expect(code).toBe('AUDIENCE_NOT_FOUND');
      await handle.cancel();
      const report = await reportOf(handle);
      expect(report).toMatchObject({ status: 'cancelled', isSettled: true, selected: 8 });
      expect(sumOf(report.outcomes)).toBe(8);
      expect(report.outcomes.created).toBeLessThan(8);
    });
  },
);

test('an export whose key is revoked stops, while that of another key goes on, and continues after resume', async () => {
  const other = `${stage.destinationId}-other`;
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    await stage.client.connect(other, { ...CONNECT, account: 'other', audienceId: OTHER_AUDIENCE });
    await stage.client.configure(other, CONFIGURE);
    stage.sandbox.control.set({ switches: { revokedKeys: stage.sandbox.apiKey } });
    const stopped = await stage.client.start(stage.destinationId);
    const going = await stage.client.start(other);
    expect(await reportOf(going)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    const { code } = await until(async () => reasonIn(await stopped.progress(), 'stopped'));
    expect(code).toBe('KEY_INVALID');
    stage.sandbox.control.set({ switches: { revokedKeys: '' } });
    await stopped.resume();
    expect(await reportOf(stopped)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
  });
});

test('an export by a sign-in that the user revokes stops with KEY_REVOKED, and continues after the next sign-in', async () => {
  const oauth = { token: 'file:token', clientId: '1', clientSecret: 'env:OTHER_KEY', redirectPort: 45_671 };
  const account = {
    oauth: { ...oauth, loginUrl: new URL('/', stage.sandbox.url).href },
    baseUrl: stage.sandbox.url,
  };
  Object.assign(stage.config.accounts, { main: account });
  const signIn = () =>
    login({
      account: 'main',
      config: WorkerConfigSchema.parse(stage.config),
      baseFolder: stage.folder,
      say: () => {},
      open: (link) => [fetch(link)].length > 0,
    });
  const token = async () => (await readFile(join(stage.folder, 'token'), 'utf8')).split('-')[0]!;
  await signIn();
  const first = await token();
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    stage.sandbox.control.set({ switches: { revokedKeys: first } });
    const handle = await stage.client.start(stage.destinationId);
    const { code, message } = await until(async () => reasonIn(await handle.progress(), 'stopped'));
    expect([code, message]).toEqual([
      'KEY_REVOKED',
      expect.stringMatching(/temporal-mailchimp account login main$/),
    ]);
    await signIn();
    await handle.resume();
    expect(await reportOf(handle)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
  });
  expect(workerLogs.length).toBeGreaterThan(0);
  for (const secret of [first, await token()])
    expect(workerLogs.filter((line) => line.includes(secret))).toEqual([]);
});
