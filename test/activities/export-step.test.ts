import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { AccountUse } from '../../src/activities/dependencies';
import { exportStep, type ExportStep, type ExportStepInput } from '../../src/activities/export-step';
import { createLimiter, openAccount } from '../../src/mailchimp';
import type { Staging } from '../../src/ports/staging';
import { type Sandbox, startSandbox } from '../../src/sandbox';
import { FolderStore, openStaging } from '../../src/staging';

const ref = { destinationId: 'newsletter', exportId: randomUUID() };
const later = { destinationId: 'newsletter', exportId: randomUUID() };

let folder: string;
let staging: Staging;
let sandbox: Sandbox;
let environment: MockActivityEnvironment;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-step-'));
  staging = await openStaging({ store: new FolderStore(folder), memoryLimit: '128MB' });
  sandbox = await startSandbox();
  environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) });
});
afterEach(async () => {
  await sandbox.close();
  await staging.close();
  await rm(folder, { recursive: true, force: true });
});

function run<Result>(input: ExportStepInput, work: (step: ExportStep) => Promise<Result>): Promise<Result> {
  const { apiKey, url: baseUrl } = sandbox;
  const limiter = createLimiter({ connections: 1 });
  const dependencies = {
    staging,
    openAccount: (_name: string, use?: AccountUse) =>
      Promise.resolve(openAccount({ apiKey, baseUrl, limiter, ...use })),
  };
  return environment.run(() => exportStep(dependencies, input, work));
}

/** Sends a request, then another one after `between`. */
const sendTwice = (between: () => unknown) => async (step: ExportStep) => {
  const account = await step.openAccount();
  await account.login();
  await between();
  await account.login();
};

const received = () => sandbox.requests().reduce((sum, { count }) => sum + count, 0);

test('a step of an export that holds the claim sends its requests', async () => {
  await staging.claim(ref);
  await run(
    { account: 'main', ref },
    sendTwice(() => undefined),
  );
  expect(received()).toBe(2);
});

test('a step sends nothing more once a later export has claimed the destination', async () => {
  await staging.claim(ref);
  const superseded = run(
    { account: 'main', ref },
    sendTwice(() => staging.claim(later)),
  );
  await expect(superseded).rejects.toMatchObject({ code: 'SUPERSEDED' });
  expect(received()).toBe(1);
});

test('where each look is a request to a server, one counts for a second, and the claim of a later export is seen then', async () => {
  const looks: string[] = [];
  class ServedStore extends FolderStore {
    readonly isServed = true;
    override head(key: string) {
      if (key.includes('/claims/')) looks.push(key);
      return super.head(key);
    }
  }
  await staging.close();
  staging = await openStaging({ store: new ServedStore(folder), memoryLimit: '128MB' });
  await staging.claim(ref);
  let most = 0;
  const sending = run({ account: 'main', ref }, async (step) => {
    const account = await step.openAccount();
    await account.login();
    looks.length = 0;
    await account.login();
    most = looks.length;
    await staging.claim(later);
    for (;;) await account.login();
  });
  await expect(sending).rejects.toMatchObject({ code: 'SUPERSEDED' });
  expect(most).toBeLessThanOrEqual(1);
});

test('a step sends nothing more once its cancellation was requested', async () => {
  await staging.claim(ref);
  const cancelled = run(
    { account: 'main', ref },
    sendTwice(() => environment.cancel('CANCELLED')),
  );
  await expect(cancelled).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(received()).toBe(1);
});

test('a step without an export, which only reads or deletes, needs no claim', async () => {
  await staging.claim(ref);
  await run(
    { account: 'main' },
    sendTwice(() => staging.claim(later)),
  );
  expect(received()).toBe(2);
});
