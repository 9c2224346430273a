// Tests a workflow of one's own that exports: with a server that skips time, and with a sandbox in place of Mailchimp.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { MailchimpPlugin } from 'temporal-mailchimp';
import { CONSENT_TEXT, ExportClient } from 'temporal-mailchimp/client';
import { startSandbox, type Sandbox } from 'temporal-mailchimp/sandbox';

// By default, the SDK downloads its test server. The variable is that of temporal-mailchimp's own tests.
const path = process.env['TEMPORAL_TEST_SERVER_PATH'];
const server = path ? { server: { executable: { type: 'existing-path' as const, path } } } : {};

const AUDIENCE = 'a1b2c3d4e5';
const taskQueue = 'mailchimp';

let environment: TestWorkflowEnvironment;
let sandbox: Sandbox;
let folder: string;

before(async () => {
  environment = await TestWorkflowEnvironment.createTimeSkipping(server);
  sandbox = await startSandbox({ audiences: [{ id: AUDIENCE, name: 'Newsletter' }] });
  folder = await mkdtemp(join(tmpdir(), 'nightly-'));
  await writeFile(join(folder, 'customers.csv'), 'id,mail\n1,ada@shop.example.org\n2,bo@shop.example.org\n');
});

after(async () => {
  await environment?.teardown();
  await sandbox?.close();
  if (folder) await rm(folder, { recursive: true });
});

void test('exports when the nightly load is over', async () => {
  process.env['SANDBOX_KEY'] = sandbox.apiKey;
  const plugin = new MailchimpPlugin({
    baseFolder: folder,
    staging: { folder: 'staging' },
    accounts: { main: { apiKey: 'env:SANDBOX_KEY', baseUrl: sandbox.url } },
    sources: {
      shop: {
        kind: 'files',
        profiles: { path: 'customers.csv', key: 'id' },
        segments: { everyone: { name: 'Everyone', sql: 'SELECT id FROM profiles' } },
      },
    },
  });
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
    plugins: [plugin],
  });
  const exportClient = new ExportClient({ client: environment.client, taskQueue });
  const changed = await worker.runUntil(async () => {
    await exportClient.connect('newsletter', {
      name: 'Newsletter',
      account: 'main',
      audienceId: AUDIENCE,
      source: 'shop',
      statusIfNew: 'subscribed',
      exportUser: 'test',
      consent: { agreedBy: 'test', textVersion: CONSENT_TEXT.version },
    });
    await exportClient.configure('newsletter', { email: 'mail', fields: {}, segments: { everyone: null } });
    return environment.client.workflow.execute('afterTheNightlyLoad', {
      taskQueue,
      workflowId: 'nightly',
      args: ['newsletter'],
    });
  });
  assert.equal(changed, 2);
  assert.deepEqual(sandbox.state(AUDIENCE).tags, { Everyone: 2 });
});
