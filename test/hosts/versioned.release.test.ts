import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(() => stage.close());

const ACTIVITIES = 2;

test('a host with a prebuilt bundle and Worker Versioning exports; the store is served by the build of the host', async () => {
  const version = { deploymentName: `host-${randomUUID().slice(0, 8)}`, buildId: 'build-1' };
  const { workflowService } = stage.temporal;
  const identity = `host-${randomUUID()}`;
  await stage.withWorker(
    async () => {
      // Not known before its worker has polled.
      await until(() =>
        workflowService
          .setWorkerDeploymentCurrentVersion({ namespace: 'default', identity, ...version })
          .then(() => true)
          .catch(() => false),
      );
      await stage.connect();
      await stage.configure();
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
      const { storeId } = await stage.client.describe(stage.destinationId);
      const { pollers } = await workflowService.describeTaskQueue({
        namespace: 'default',
        taskQueue: { name: `mailchimp-store-${storeId}` },
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in a package that only the SDK has
        taskQueueType: ACTIVITIES,
      });
      expect(pollers).toEqual([
        expect.objectContaining({ identity, deploymentOptions: expect.objectContaining(version) }),
      ]);
    },
    {
      identity,
      workerDeploymentOptions: {
        version,
        useWorkerVersioning: true,
        // As a destination needs it, which lives for years: a pinned one would stay on its first build.
        defaultVersioningBehavior: 'AUTO_UPGRADE',
      },
    },
  );
});
