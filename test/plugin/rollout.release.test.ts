import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SimplePlugin } from '@temporalio/plugin';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { MailchimpPlugin } from '../../src/plugin/mailchimp-plugin';
import { CROWD, CROWD_MEMBERS, openStage, reportOf, type Stage } from '../support/stage';
import { startSuggestingServer, type SuggestingServer } from '../support/suggesting-server';
import { until } from '../support/until';

/** The server suggests continue-as-new at so many events, so that the export does so while it waits. */
const SUGGESTED_AT = 36;

/** As the server numbers them. */
const PINNED = 1;
const AUTO_UPGRADE = 2;

type Behavior = 'PINNED' | 'AUTO_UPGRADE';

/** A worker with one build of a deployment, and the steps that it has run. */
interface Build {
  readonly steps: string[];
  /** Ends it as a deploy does. */
  readonly retire: () => Promise<void>;
}

let stage: Stage;
let deployment: string;
let builds: Build[];

let server: SuggestingServer;

beforeAll(async () => {
  server = await startSuggestingServer(SUGGESTED_AT);
});

afterAll(async () => {
  await server.kill();
});

beforeEach(async () => {
  stage = await openStage({ address: server.address });
  deployment = `shop-${randomUUID()}`;
  builds = [];
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  for (const { retire } of builds) await retire();
  await stage.close();
});

const PREBUILT = { workflowBundle: { codePath: process.env['WORKFLOW_BUNDLE']! } };

/** `behavior`: the host's default. */
async function startBuild(
  buildId: string,
  behavior: Behavior,
  workflows: Partial<WorkerOptions> = PREBUILT,
): Promise<Build> {
  const connection = await NativeConnection.connect({ address: server.address });
  const steps: string[] = [];
  const worker = await Worker.create({
    connection,
    taskQueue: stage.taskQueue,
    plugins: [new MailchimpPlugin({ ...stage.config, baseFolder: stage.folder }), recording(steps)],
    ...workflows,
    workerDeploymentOptions: {
      version: { deploymentName: deployment, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: behavior,
    },
  });
  const ended = worker.run();
  let isRetired = false;
  const build = {
    steps,
    retire: async () => {
      if (isRetired) return;
      isRetired = true;
      worker.shutdown();
      await ended;
      await connection.close();
    },
  };
  builds.push(build);
  return build;
}

function recording(steps: string[]): SimplePlugin {
  return new SimplePlugin({
    name: 'recording',
    workerInterceptors: {
      activity: [
        ({ info }) => ({
          inbound: {
            execute: (input, next) => {
              steps.push(info.activityType);
              return next(input);
            },
          },
        }),
      ],
    },
  });
}

/** As `temporal worker deployment set-current-version` does. The server refuses a version that it does not know yet, or that lacks a queue of the current one. */
async function makeCurrent(buildId: string): Promise<void> {
  await until(async () => {
    try {
      return await stage.temporal.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: 'default',
        deploymentName: deployment,
        buildId,
      });
    } catch {
      return undefined;
    }
  });
}

/** The version that a workflow is on, and how it is versioned. */
async function versionOf(workflowId: string) {
  const { raw } = await stage.temporal.workflow.getHandle(workflowId).describe();
  const { behavior, deploymentVersion } = raw.workflowExecutionInfo?.versioningInfo ?? {};
  return { behavior, buildId: deploymentVersion?.buildId };
}

async function runs(): Promise<number> {
  const query = `WorkflowId = '${exportWorkflowId(stage.destinationId)}'`;
  return (await stage.temporal.workflow.count(query)).count;
}

const hold = () => stage.sandbox.control.set({ batchPolls: 1_000_000 });
const release = () => stage.sandbox.control.set({ batchPolls: 0 });

const submitted = async () => (await stage.progress())?.batches === 1;

/** Builds of one deployment, with an export of the first that waits for Mailchimp. */
async function startOnA(behavior: Behavior) {
  const a = await startBuild('a', behavior);
  await makeCurrent('a');
  await stage.connect();
  await stage.configure();
  hold();
  const first = await stage.client.start(stage.destinationId);
  await until(submitted);
  return { a, first };
}

const destination = () => versionOf(destinationWorkflowId(stage.destinationId));
const latestExport = () => versionOf(exportWorkflowId(stage.destinationId));

describe('a new build of a worker deployment', () => {
  test('takes destinations and new exports; a pinned export ends on the build that it began on, which can be retired then', async () => {
    const { a, first } = await startOnA('PINNED');
    expect(await destination()).toEqual({ behavior: AUTO_UPGRADE, buildId: 'a' });
    // It bundles the workflows for itself.
    const b = await startBuild('b', 'PINNED', {});
    await makeCurrent('b');
    const before = await runs();
    const second = await stage.client.start(stage.destinationId, { options: { census: true } });
    expect(second.disposition).toBe('queued');
    expect(await destination()).toEqual({ behavior: AUTO_UPGRADE, buildId: 'b' });
    // Also when it continues as new.
    await until(async () => (await runs()) > before);
    expect(await latestExport()).toEqual({ behavior: PINNED, buildId: 'a' });
    expect(b.steps).toEqual([]);

    release();
    expect(await reportOf(first)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    expect(await reportOf(second)).toMatchObject({ status: 'completed', outcomes: { unchanged: 8 } });
    expect(await latestExport()).toEqual({ behavior: PINNED, buildId: 'b' });
    expect(a.steps.filter((step) => step === 'mailchimp.settleExport')).toHaveLength(1);
    expect(b.steps.filter((step) => step === 'mailchimp.settleExport')).toHaveLength(1);

    await a.retire();
    expect(await stage.export()).toMatchObject({ status: 'completed' });
  });

  test('takes running exports too, where the host lets them upgrade: the build before can be retired at once', async () => {
    const { a, first } = await startOnA('AUTO_UPGRADE');
    const b = await startBuild('b', 'AUTO_UPGRADE');
    await makeCurrent('b');
    await a.retire();
    release();
    expect(await reportOf(first)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    expect(await latestExport()).toEqual({ behavior: AUTO_UPGRADE, buildId: 'b' });
    expect(a.steps).toContain('mailchimp.submitPart');
    expect(a.steps).not.toContain('mailchimp.collectPart');
    expect(b.steps).toContain('mailchimp.collectPart');
  });
});
