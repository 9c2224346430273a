import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { MailchimpPlugin } from '../../../src/plugin/mailchimp-plugin';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

const MINUTE_MS = 60_000;

// In real time: the server that skips it goes on giving tasks to a worker that has gone.
jest.setTimeout(5 * MINUTE_MS);

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles([1, 2].map((number) => person(number)));
  await stage.writeMembers([['000001', 'vip']]);
});

afterEach(async () => {
  await stage.close();
});

test('without a worker that reaches the folder nothing is sent: the export says within minutes that it waits, and goes on with one', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
  });
  const staging = { folder: join(stage.folder, 'another-folder') };
  const elsewhere = new MailchimpPlugin({ ...stage.config, staging, baseFolder: stage.folder });
  const exportId = await stage.withWorker(
    async () => {
      const started = await stage.client.start(stage.destinationId);
      const began = Date.now();
      const waiting = await until(
        async () => (await stage.client.progress(stage.destinationId))?.waiting,
        3 * MINUTE_MS,
      );
      expect(waiting).toMatchObject({ code: 'STAGING_WORKER_MISSING' });
      expect(Date.now() - began).toBeLessThan(2.5 * MINUTE_MS);
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: 0, tags: {} });
      return started.exportId;
    },
    { plugins: [elsewhere] },
  );
  await stage.withWorker(async () => {
    // Not to wait for the next try.
    await stage.client.resume(stage.destinationId);
    expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 1 } });
  });
});
