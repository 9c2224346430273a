import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { MailchimpPlugin } from '../../src/plugin/mailchimp-plugin';
import { openStage, person, type Stage } from '../support/stage';
import { makeHostProject, type HostProject, type HostProjectOptions } from './host-project';

const OWN_WORKFLOW = `
import { proxyActivities } from '@temporalio/workflow';
const { greet } = proxyActivities<{ greet(name: string): Promise<string> }>({ startToCloseTimeout: '10 seconds' });
export async function hostGreets(name: string): Promise<string> {
  return greet(name);
}`;

const greet = (name: string) => Promise.resolve(`Hello, ${name}`);

const RE_EXPORT = "export * from 'temporal-mailchimp/workflows';";

// Webpack's own account of a failed build would fill the screen.
const logger = new DefaultLogger('ERROR', () => undefined);

let stage: Stage;
let connection: NativeConnection;
let plugin: MailchimpPlugin;
let host: HostProject | undefined;

beforeEach(async () => {
  stage = await openStage();
  connection = await NativeConnection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS'] ?? '' });
  plugin = new MailchimpPlugin({ ...stage.config, baseFolder: stage.folder });
});

afterEach(async () => {
  // Fails while a worker still holds it: no test leaves one behind.
  await connection.close();
  await stage.close();
  await host?.close();
  host = undefined;
});

async function withWorkflows(text: string, more: Partial<HostProjectOptions> = {}): Promise<string> {
  host = await makeHostProject({ files: { 'workflows.ts': text }, ...more });
  return host.path('workflows.ts');
}

function createWorker(options: Partial<WorkerOptions>): Promise<Worker> {
  return Worker.create({ connection, taskQueue: stage.taskQueue, plugins: [plugin], ...options });
}

async function exportTwoContacts() {
  await stage.writeProfiles([person(1), person(2)]);
  await stage.writeMembers([
    ['000001', 'vip'],
    ['000002', 'north'],
  ]);
  await stage.connect();
  await stage.configure();
  return stage.export();
}

describe('a host without workflows', () => {
  test('needs nothing but the plugin', async () => {
    const worker = await createWorker({});
    await worker.runUntil(async () => {
      expect(await exportTwoContacts()).toMatchObject({ status: 'completed', outcomes: { created: 2 } });
    });
  });
});

describe('a host with workflows of its own', () => {
  test('keeps its workflow and its activity, beside an export', async () => {
    const workflowsPath = await withWorkflows(`${RE_EXPORT}${OWN_WORKFLOW}`);
    const worker = await createWorker({ workflowsPath, activities: { greet } });
    await worker.runUntil(async () => {
      const { taskQueue, destinationId } = stage;
      const greeting = stage.temporal.workflow.execute('hostGreets', {
        taskQueue,
        workflowId: `greeting-${destinationId}`,
        args: ['Mailchimp'],
      });
      expect(await exportTwoContacts()).toMatchObject({ status: 'completed', outcomes: { created: 2 } });
      expect(await greeting).toBe('Hello, Mailchimp');
    });
  });

  test('does not start when its workflow file lacks ours, and names the line to add', async () => {
    const workflowsPath = await withWorkflows(OWN_WORKFLOW);
    await expect(createWorker({ workflowsPath })).rejects.toMatchObject({
      code: 'BUNDLE_MISMATCH',
      message: expect.stringContaining(RE_EXPORT),
    });
  });

  test('does not start when it re-exports only some of ours', async () => {
    const some = "export { mailchimpDestination } from 'temporal-mailchimp/workflows';";
    const workflowsPath = await withWorkflows(`${some}${OWN_WORKFLOW}`);
    await expect(createWorker({ workflowsPath })).rejects.toMatchObject({
      code: 'BUNDLE_MISMATCH',
      message: expect.stringMatching(
        /does not export mailchimpExport, mailchimpPlan, mailchimpVerify, mailchimpForget, mailchimpRefresh, mailchimpExportSegments, and mailchimpAlert\. .*export \*/,
      ),
    });
  });

  test('does not start when its workflow file finds another version than the plugin', async () => {
    const installed = {
      'package.json': JSON.stringify({ exports: { './workflows': './workflows.js' } }),
      'workflows.js': "exports.marker = () => 'temporal-mailchimp-workflows@0.0.9';",
    };
    const workflowsPath = await withWorkflows(`${RE_EXPORT}${OWN_WORKFLOW}`, { installed });
    await expect(createWorker({ workflowsPath })).rejects.toMatchObject({
      code: 'BUNDLE_MISMATCH',
      message: expect.stringContaining('temporal-mailchimp 0.0.9, but the plugin is of version'),
    });
  });

  test('with a mistake of its own fails with that mistake first', async () => {
    const workflowsPath = await withWorkflows("export * from './nowhere';");
    // The SDK gives the details to its logger alone.
    const bundling = bundleWorkflowCode({ workflowsPath, plugins: [plugin], logger });
    await expect(bundling).rejects.toThrow(/Webpack finished with errors/);
  });
});

describe('a bundle made beforehand', () => {
  test('with the plugin works', async () => {
    const workflowsPath = await withWorkflows(`${RE_EXPORT}${OWN_WORKFLOW}`);
    const workflowBundle = await bundleWorkflowCode({ workflowsPath, plugins: [plugin], logger });
    const worker = await createWorker({ workflowBundle });
    await worker.runUntil(async () => {
      expect(await exportTwoContacts()).toMatchObject({ status: 'completed', outcomes: { created: 2 } });
    });
  });

  test('with the plugin fails where the workflow file forgets ours', async () => {
    const workflowsPath = await withWorkflows(OWN_WORKFLOW);
    await expect(bundleWorkflowCode({ workflowsPath, plugins: [plugin], logger })).rejects.toMatchObject({
      code: 'BUNDLE_MISMATCH',
    });
  });

  test('without our workflows is refused', async () => {
    const workflowsPath = await withWorkflows(OWN_WORKFLOW);
    const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
    await expect(createWorker({ workflowBundle })).rejects.toMatchObject({
      code: 'BUNDLE_MISMATCH',
      message: expect.stringMatching(/does not contain the workflows.*bundleWorkflowCode/),
    });
  });

  test('of another version is refused', async () => {
    const code = 'const marker = "temporal-mailchimp-workflows@9.9.9";';
    await expect(createWorker({ workflowBundle: { code } })).rejects.toMatchObject({
      code: 'BUNDLE_MISMATCH',
      message: expect.stringContaining('contains the workflows of temporal-mailchimp 9.9.9'),
    });
  });
});
