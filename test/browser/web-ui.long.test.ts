import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { ExportClient } from '../../src/client';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { startCodecServer } from '../../src/encryption/configured';
import { createEncryptionCodec } from '../../src/encryption/encryption-codec';
import { CONNECT, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';
import { LAUNCH_TIMEOUT_MS } from './chromium';
import { openWebUi, type WebUi } from './web-ui';

let webUi: WebUi;
let stage: Stage;
let exportId: string;
let destinationId: string;

beforeAll(async () => {
  webUi = await openWebUi();
}, LAUNCH_TIMEOUT_MS);

afterAll(async () => {
  await webUi.close();
});

beforeEach(async () => {
  stage = await openStage({ address: webUi.address });
  destinationId = destinationWorkflowId(stage.destinationId);
  exportId = exportWorkflowId(stage.destinationId);
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await stage.close();
});

async function configured(work: () => Promise<void>): Promise<void> {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    await work();
  });
}

describe('in the Web UI, the page of an export', () => {
  test('that is done has a title, counts, no step that was tried again, and a link to its destination', async () => {
    await configured(async () => {
      await stage.export();
      const page = await webUi.open(exportId);
      const details = await page.currentDetails(/Completed/);
      expect(await page.status()).toBe('Completed');
      expect(await page.summary()).toBe('Export 1 of Newsletter (on demand)');
      expect(await page.details()).toBe('Segments vip, north to audience Newsletter.');
      expect(details.firstLine).toBe('Completed: every profile has one outcome.');
      expect(details.rows).toEqual({
        Profiles: '8 profiles selected, 0 addresses departed',
        Outcomes: '8 created',
        'Member statuses': '8 subscribed',
        'Tag VIP (segment vip)': '2 tagged, 0 untagged, 0 failed',
        'Tag North (segment north)': '6 tagged, 0 untagged, 0 failed',
        Destination: 'Newsletter, audience Newsletter (c417f00d5e)',
      });
      const steps = await page.steps();
      expect(steps.length).toBeGreaterThan(6);
      expect(steps.filter((step) => !/^\S+ • [A-Z]/.test(step))).toEqual([]);
      expect(await page.alarmingPixels()).toBe(0);

      const destination = await page.follow('Newsletter');
      const last = await destination.currentDetails(/Last export/);
      expect(last.rows['Last export']).toMatch(/^1: completed, 8 profiles, 20\S+ \S+ UTC$/);
      const again = await destination.follow('1');
      expect((await again.currentDetails(/Completed/)).firstLine).toBe(details.firstLine);
    });
  });

  test('that runs says how far it is; the page of its destination says that it runs, and links to it', async () => {
    await configured(async () => {
      stage.sandbox.fail('stuck batch always');
      const { id } = await stage.client.start(stage.destinationId);
      await until(async () => (await stage.progress())?.batches === 1);
      const page = await webUi.open(destinationId);
      const destination = await page.currentDetails(/export 1 runs/);
      expect(await page.status()).toBe('Running');
      expect(destination.firstLine).toBe('Newsletter: destination configured, export 1 runs');
      expect(destination.rows['Now']).toBe('Export 1 runs');
      const opened = await page.follow('Export 1');
      const details = await opened.currentDetails(/5 of 8/);
      expect(await opened.status()).toBe('Running');
      expect(details.firstLine).toBe('Delivering: 5 of 8 changes done');
      expect(details.rows).toMatchObject({
        'To send': '8 new, 0 changed, 0 to untag',
        Parts: '1 done, 1 in flight, 0 to go',
        Segments: 'vip, north',
      });
      stage.sandbox.clearFaults();
      await stage.handle(id).cancel();
      expect(await stage.follow(id)).toMatchObject({ status: 'cancelled' });
    });
  });

  test('that is held says why, and by which commands it goes on or ends', async () => {
    await configured(async () => {
      await stage.export();
      await stage.writeMembers(CROWD_MEMBERS.filter(([, segment]) => segment === 'north'));
      const { id } = await stage.client.start(stage.destinationId);
      const page = await webUi.open(exportId);
      const details = await page.currentDetails(/Held/);
      expect(await page.status()).toBe('Running');
      expect(details.firstLine).toMatch(/^Held: MASS_REMOVAL\. .* Nothing was sent\. Until 20\S+ \S+ UTC: /);
      const { state } = (await stage.handle(id).progress())!;
      const planId = state.kind === 'held' ? state.held.planId : '';
      expect(details.commands).toEqual([
        `temporal-mailchimp export approve ${stage.destinationId} --plan ${planId}`,
        `temporal-mailchimp export deny ${stage.destinationId} --plan ${planId}`,
      ]);
      await stage.handle(id).deny({ planId, by: 'Kim' });
      await stage.follow(id);
      const denied = await (await webUi.open(exportId)).currentDetails(/Denied/);
      expect(denied.firstLine).toMatch(/^Denied by Kim, 20\S+ \S+ UTC\. Nothing was sent\.$/);
    });
  });

  test('that is stopped says why, what to do, and by which command it goes on', async () => {
    await configured(async () => {
      stage.sandbox.control.set({ switches: { keysRevoked: true } });
      const { id } = await stage.client.start(stage.destinationId);
      const page = await webUi.open(exportId);
      const details = await page.currentDetails(/Stopped/);
      expect(await page.status()).toBe('Running');
      expect(details.firstLine).toMatch(/^Stopped: KEY_INVALID\. .* Then: /);
      expect(details.commands).toEqual([`temporal-mailchimp export resume ${stage.destinationId}`]);
      stage.sandbox.control.set({ switches: { keysRevoked: false } });
      await stage.handle(id).resume();
      await stage.follow(id);
    });
  });

  test('that failed says why, and what to do, in red; so does that of its destination', async () => {
    await configured(async () => {
      await stage.writeMembers([]);
      await stage.export();
      const page = await webUi.open(exportId);
      const details = await page.currentDetails(/Failed/);
      const reason = /SOURCE_EMPTY\. Nothing was sent: .* Check the source and the segments\.$/;
      expect(await page.status()).toBe('Failed');
      expect(details.firstLine).toMatch(reason);
      expect(await page.alarmingPixels()).toBeGreaterThan(100);
      const destination = await (await webUi.open(destinationId)).currentDetails(/1: failed/);
      expect(destination.rows['Last export']).toMatch(reason);
    });
  });
});

test('in the Web UI, a first connect that is refused has failed, and says why', async () => {
  await stage.withWorker(async () => {
    const wrong = { ...CONNECT, audienceId: 'ffffffffff' };
    await expect(stage.client.connect(stage.destinationId, wrong)).rejects.toMatchObject({
      code: 'AUDIENCE_NOT_FOUND',
    });
    const page = await webUi.open(destinationId);
    const details = await page.currentDetails(/Not connected/);
    await until(async () => (await page.status()) === 'Failed' || (await page.page.reload(), false));
    expect(await page.summary()).toBe('Destination Newsletter');
    expect(details.firstLine).toMatch(/^Not connected: AUDIENCE_NOT_FOUND\. .* Check the audience id, /);
  });
});

test('in the Web UI, an encrypted page is read through the codec server', async () => {
  const codec = await createEncryptionCodec({ keys: { k1: randomBytes(32).toString('base64') }, use: 'k1' });
  const token = randomBytes(16).toString('hex');
  const { origin } = webUi;
  const server = await startCodecServer({ codec, token, origins: [origin], host: '127.0.0.1', port: 0 });
  const dataConverter = { payloadCodecs: [codec] };
  const temporal = new Client({ connection: stage.temporal.connection, dataConverter });
  const client = new ExportClient({ client: temporal, taskQueue: stage.taskQueue });
  try {
    await stage.withWorker(
      async () => {
        await client.connect(stage.destinationId, CONNECT);
        const page = await webUi.open(destinationId, `${server.url}/${token}`);
        const details = await page.currentDetails(/destination connected/);
        expect(details.firstLine).toBe('Newsletter: destination connected');
        expect(await page.summary()).toBe('Destination Newsletter');
        await client.remove(stage.destinationId, { removedBy: 'tester' });
      },
      { dataConverter },
    );
  } finally {
    await server.close();
  }
});
