import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MailchimpPlugin } from '../../../src/plugin/mailchimp-plugin';
import { reasonIn } from '../../support/export-state';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

/** The smallest value. In real time, since the server that skips it still gives tasks to a worker that has stopped. */
const WORKER_TIMEOUT_SECONDS = 5;

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  Object.assign(stage.config.staging!, { workerTimeoutSeconds: WORKER_TIMEOUT_SECONDS });
  await stage.writeProfiles([1, 2].map((number) => person(number)));
  await stage.writeMembers([['000001', 'vip']]);
});

afterEach(async () => {
  await stage.close();
});

test('without a worker that reaches the folder an export sends nothing, says so after the configured time, and continues with one', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
  });
  const staging = { folder: join(stage.folder, 'another-folder') };
  const withAnotherStore = new MailchimpPlugin({ ...stage.config, staging, baseFolder: stage.folder });
  const exportId = await stage.withWorker(
    async () => {
      const started = await stage.client.start(stage.destinationId);
      const began = Date.now();
      const waiting = await until(async () => reasonIn(await stage.progress(), 'waiting'));
      expect(waiting).toMatchObject({ code: 'STAGING_WORKER_MISSING' });
      expect(Date.now() - began).toBeGreaterThan((WORKER_TIMEOUT_SECONDS - 1) * 1000);
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: 0, tags: {} });
      await (await stage.running()).pause();
      expect(await stage.progress()).toMatchObject({
        state: { kind: 'waiting' },
        isPaused: true,
      });
      return started.id;
    },
    { plugins: [withAnotherStore] },
  );
  await stage.withWorker(async () => {
    // Without it, the next attempt comes after five minutes.
    await (await stage.running()).resume();
    expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 1 } });
  });
});
