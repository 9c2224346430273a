import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { FilesSourceInput } from '../../src/config/source-config';
import { MailchimpPlugin } from '../../src/plugin/mailchimp-plugin';
import type { MailchimpPluginOptions } from '../../src/plugin/options';
import { storeProblems } from '../../src/plugin/setup-problems';
import { FolderStore } from '../../src/staging';
import { openStage, person, workerLogs, type Stage } from '../support/stage';
import { until } from '../support/until';

let stage: Stage;
let connection: NativeConnection;

beforeEach(async () => {
  workerLogs.length = 0;
  stage = await openStage();
  await stage.writeProfiles([person(1)]);
  await stage.writeMembers([['000001', 'vip']]);
  connection = await NativeConnection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS'] ?? '' });
});

afterEach(async () => {
  await connection.close();
  await stage.close();
});

const ours = () => workerLogs.filter((line) => line.includes('temporal-mailchimp: '));

/** Runs a worker until it has logged this many lines of the check. */
async function startWith(options: Partial<MailchimpPluginOptions>, lines: number): Promise<string[]> {
  const plugin = new MailchimpPlugin({ ...stage.config, baseFolder: stage.folder, ...options });
  const codePath = process.env['WORKFLOW_BUNDLE'] ?? '';
  const { taskQueue } = stage;
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: { codePath },
    plugins: [plugin],
  });
  await worker.runUntil(() => until(async () => ours().length >= lines));
  return ours().map((line) => line.replace(/ \{\}$| undefined$/, ''));
}

async function fail(): Promise<never> {
  throw Object.assign(new Error('secret text'), { code: 'ECONNREFUSED' });
}

describe('a worker that starts', () => {
  test('says that all is there', async () => {
    expect(await startWith({}, 1)).toEqual([
      expect.stringContaining('INFO temporal-mailchimp: accounts, sources and staging store are ready'),
    ]);
  });

  test('says in one line each what is missing, and serves nevertheless', async () => {
    const account = stage.config.accounts['main']!;
    process.env['WRONG_KEY'] = '0123456789abcdef0123456789abcdee-us1';
    const accounts = {
      main: account,
      unset: { ...account, apiKey: 'env:SETUP_NOT_SET' },
      refused: { ...account, apiKey: 'env:WRONG_KEY' },
      away: { ...account, baseUrl: 'http://127.0.0.1:9/3.0' },
    };
    await rm(join(stage.folder, 'members.csv'));
    const alerts = { chat: { kind: 'slack', url: 'env:SETUP_NOT_SET' } } as const;
    const lines = await startWith({ accounts, alerts }, 5);
    delete process.env['WRONG_KEY'];
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/^WARN temporal-mailchimp: accounts\.away: MAILCHIMP_UNAVAILABLE: Could not/),
      expect.stringMatching(/^WARN temporal-mailchimp: accounts\.refused: KEY_\w+: /),
      expect.stringMatching(
        /^WARN temporal-mailchimp: accounts\.unset: SECRET_UNAVAILABLE: .*env:SETUP_NOT_SET/,
      ),
      expect.stringMatching(
        /^WARN temporal-mailchimp: alerts\.chat: SECRET_UNAVAILABLE: .*env:SETUP_NOT_SET/,
      ),
      expect.stringMatching(
        /^WARN temporal-mailchimp: sources\.people\.segments\.vip: SOURCE_UNREADABLE: .*no file members\.csv/,
      ),
    ]);
    expect(lines.join('\n')).not.toContain('0123456789abcdee');
    expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
  });

  test('names a user who may not write, and the SQL that does not fit its tables', async () => {
    stage.sandbox.control.set({ switches: { role: 'viewer' } });
    const people = stage.config.sources['people'] as FilesSourceInput;
    const segments = {
      vip: { sql: 'SELECT ident FROM profiles' },
      north: { sql: 'SELEC id FROM profiles' },
      south: { sql: "SELECT id FROM profiles WHERE country = 'Chile'" },
    };
    const lines = await startWith({ sources: { people: { ...people, segments } } }, 3);
    expect(lines.toSorted()).toEqual([
      expect.stringContaining('accounts.main: ROLE_TOO_LOW: '),
      expect.stringMatching(/sources\.people\.segments\.north: SEGMENT_SQL_INVALID: .*syntax error/),
      expect.stringMatching(/sources\.people\.segments\.vip: SEGMENT_SQL_INVALID: .*"ident"/),
    ]);
  });

  test('asks a source of the host as well', async () => {
    const crm = { describe: fail, check: fail, extract: fail };
    expect(await startWith({ sources: { crm } }, 1)).toEqual([
      'WARN temporal-mailchimp: sources.crm: UNEXPECTED: It could not be checked: Error (ECONNREFUSED).',
    ]);
  });
});

test('a store that cannot be written is a problem', async () => {
  const folder = join(stage.folder, 'closed');
  await mkdir(folder);
  const store = new FolderStore(folder);
  expect(await storeProblems(store)).toEqual([]);
  // Also for root, who may write wherever there is a folder.
  await rm(folder, { recursive: true });
  await writeFile(folder, 'in the way');
  await chmod(folder, 0o400);
  expect(await storeProblems(store)).toEqual([
    { at: 'staging', code: 'STAGING_FAILED', message: expect.stringMatching(/cannot be written \(E\w+\)/) },
  ]);
});
