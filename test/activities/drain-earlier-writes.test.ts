import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDependencies } from '../../src/activities/dependencies';
import { createDrainEarlierWrites, type DrainInput } from '../../src/activities/drain-earlier-writes';
import { operationId } from '../../src/activities/rules/operation-id';
import { createLimiter, openAccount } from '../../src/mailchimp';
import { chunkOperation } from '../../src/mailchimp/operations';
import type { AtMailchimp } from '../../src/contract/forget';
import { type Sandbox, startSandbox } from '../../src/sandbox';
import { DESTINATION, openStage, type Stage } from '../staging/stage';

const AUDIENCE = '1a2b3c4d5e';
const ADA = { key: '1', email: 'ada@mail.test', first: 'Ada', segments: ['vip'] };

let stage: Stage;
let sandbox: Sandbox;
let apiKey: string;

beforeEach(async () => {
  stage = await openStage();
  sandbox = await startSandbox({ audiences: [{ id: AUDIENCE, name: 'Newsletter', members: [] }] });
  ({ apiKey } = sandbox);
});

afterEach(async () => {
  await sandbox.close();
  await stage.close();
});

const open = () => openAccount({ apiKey, baseUrl: sandbox.url, limiter: createLimiter({ connections: 4 }) });

/** An export whose batch hangs at Mailchimp, and that was lost with its destination. */
async function loseExport(): Promise<void> {
  const { staging } = stage;
  const ref = stage.newExport();
  await staging.claim(ref);
  await stage.snapshot(ref, [ADA]);
  const { parts } = await stage.plan(ref);
  const attempt = await staging.recordAttempt(ref, parts[0]!.part, 'batch');
  const chunk = await staging.readChunk(ref, 0);
  const delivery = { audienceId: AUDIENCE, statusIfNew: 'subscribed' };
  sandbox.fail('stuck batch always');
  const id = operationId(ref, { part: parts[0]!.part, chunk: 0, attempt });
  await staging.recordBatch(
    ref,
    parts[0]!.part,
    await open().submitBatch([chunkOperation(delivery, chunk, id)]),
  );
}

async function beginForget(mailchimp: AtMailchimp) {
  const person = { email: ADA.email };
  const request = { person, mailchimp, keepOut: false, by: 'Kim' };
  const requestId = await stage.staging.stageForget(DESTINATION, request);
  const ref = stage.newExport();
  const dependencies = { staging: stage.staging, openAccount: async () => open() };
  const drainEarlierWrites = createDrainEarlierWrites(dependencies as unknown as ActivityDependencies);
  const logger = new DefaultLogger('ERROR', () => undefined);
  const drain = (input: Partial<DrainInput> = {}): ReturnType<typeof drainEarlierWrites> =>
    new MockActivityEnvironment({}, { logger }).run(drainEarlierWrites, {
      ref,
      account: 'main',
      baseline: null,
      hasCooledDown: false,
      forget: { requestId },
      ...input,
    });
  return { ref, drain };
}

test('a forget claims its destination, and goes on when a batch of an earlier export is deleted and its last request has ended', async () => {
  await loseExport();
  const { ref, drain } = await beginForget('untag');
  expect(await drain()).toMatchObject({ state: 'running' });
  await stage.staging.checkClaim(ref);
  const cooling = await drain();
  expect(cooling).toMatchObject({ state: 'cooling down' });
  expect(cooling.waitMs).toBeGreaterThan(0);
  const drained = await drain({ hasCooledDown: true });
  expect(drained).toMatchObject({ state: 'drained' });
  expect(drained.left).toBeUndefined();
  expect(sandbox.requests().map(({ method, route }) => `${method} ${route}`)).toContain(
    'DELETE /batches/{batch_id}',
  );
});

test('a forget in the store only goes on without an account that cannot be used, and says that a batch may still run', async () => {
  await loseExport();
  apiKey = 'ffffffffffffffffffffffffffffffff-us1';
  const { drain } = await beginForget('keep');
  expect(await drain()).toMatchObject({ state: 'cooling down' });
  expect(await drain({ hasCooledDown: true })).toMatchObject({ state: 'drained', left: 1 });
});

test('a forget waits for Mailchimp for some minutes where it only keeps the contact, and for as long as it takes where it deletes it', async () => {
  await loseExport();
  sandbox.fail('503 always on * /**');
  const keeping = await beginForget('keep');
  await expect(keeping.drain()).rejects.toMatchObject({ code: 'MAILCHIMP_BUSY' });
  expect(await keeping.drain({ isTooLong: true, hasCooledDown: true })).toMatchObject({
    state: 'drained',
    left: 1,
  });
  apiKey = 'ffffffffffffffffffffffffffffffff-us1';
  const { drain } = await beginForget('delete');
  await expect(drain({ isTooLong: true })).rejects.toMatchObject({ code: 'KEY_INVALID' });
});
