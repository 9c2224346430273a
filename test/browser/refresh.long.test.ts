import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { destinationWorkflowId } from '../../src/contract/identifiers';
import { heldIn } from '../support/export-state';
import { CONFIGURE } from '../support/stage';
import { until } from '../support/until';
import { openRefreshing, type Refreshing } from '../workflows/refresh/refreshing';
import { LAUNCH_TIMEOUT_MS } from './chromium';
import { openWebUi, type WebUi } from './web-ui';

let webUi: WebUi;
let world: Refreshing;

beforeAll(async () => {
  webUi = await openWebUi();
}, LAUNCH_TIMEOUT_MS);

afterAll(async () => {
  await webUi.close();
});

beforeEach(async () => {
  world = await openRefreshing(3, { address: webUi.address });
});

afterEach(async () => {
  await world.close();
});

/** Holds an export of the destination, and waits for it. */
async function hold(name: string): Promise<void> {
  const { client } = world.stage;
  await client.configure(name, { ...CONFIGURE, guards: { newContacts: 1 } });
  const { id } = await client.start(name, { options: { lane: 'auto' } });
  const handle = client.handle({ destinationId: name, exportId: id });
  await until(async () => heldIn(await handle.progress()));
}

/** On a busy machine, a step may be tried again; the page is alarming then, and only then. */
async function wasTriedAgain(workflowId: string): Promise<boolean> {
  const { events } = await world.stage.temporal.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).some((event) => (event.activityTaskStartedEventAttributes?.attempt ?? 1) > 1);
}

describe('in the Web UI, the page of a refresh', () => {
  test('says what runs and what needs a person, then how it ended; it and the exports link to each other', async () => {
    const { stage, names } = world;
    const [running = '', held = '', unconfigured = ''] = names;
    await stage.withWorker(async () => {
      await world.prepare([running, held]);
      await world.connect(unconfigured);
      await hold(held);
      const match = `POST /lists/${world.audienceOf(running)}`;
      stage.sandbox.fail({ match, times: 'always', effect: { type: 'status', status: 503 } });
      const refresh = await world.start({ targets: { destinations: [...names] } });
      const page = await webUi.open(refresh.workflowId);
      const details = await page.currentDetails(/1 running/);
      expect(await page.status()).toBe('Running');
      expect(details.firstLine).toBe('0 of 3 up to date; 1 held, 1 skipped, 1 running');
      expect(details.lines).toEqual([
        `${held} held (export 1): its plan awaits approval. See: temporal-mailchimp export show ${held}`,
        `${unconfigured} skipped: it has no data matching and no segments yet. Configure it: temporal-mailchimp destination configure ${unconfigured}`,
        `${running} runs (export 1)`,
      ]);
      expect(details.commands).toEqual([
        `temporal-mailchimp export show ${held}`,
        `temporal-mailchimp destination configure ${unconfigured}`,
      ]);

      const ofHeld = await (await page.follow(held)).currentDetails(/is held/);
      expect(ofHeld.firstLine).toBe('Newsletter: destination configured, export 1 is held');
      expect(ofHeld.rows['Now']).toMatch(/^Export 1 is held since 20\S+ \S+ UTC: its page says what to do$/);
      const export1 = await (await page.follow(running)).follow('Export 1');
      const delivering = await export1.currentDetails(/started by/);
      expect(delivering.rows['Destination']).toMatch(
        /^Newsletter, audience Newsletter \(\S+\), started by refresh$/,
      );
      stage.sandbox.clearFaults();
      await refresh.result();

      const back = await export1.follow('refresh');
      const ended = await back.currentDetails(/1 exported/);
      expect(await back.status()).toBe('Completed');
      expect(ended.firstLine).toBe('1 of 3 up to date: 1 exported; 1 held, 1 skipped');
      expect(ended.lines.at(-1)).toBe(`${running} exported (export 1)`);
      const steps = await back.steps();
      expect(steps.length).toBeGreaterThanOrEqual(2);
      expect(steps.filter((step) => !/^\S+ • [A-Z]/.test(step))).toEqual([]);
      expect((await back.alarmingPixels()) > 0).toBe(await wasTriedAgain(refresh.workflowId));
      for (const name of names) await stage.client.remove(name, { removedBy: 'tester' });
    });
  });

  test('says why it failed, where nothing could be asked', async () => {
    const { stage, names } = world;
    const [terminated = ''] = names;
    await stage.withWorker(async () => {
      await world.prepare([terminated]);
      await stage.temporal.workflow.getHandle(destinationWorkflowId(terminated)).terminate();
      const refresh = await world.start({ targets: { destinations: [terminated] } });
      await expect(refresh.result()).rejects.toMatchObject({ cause: { type: 'DESTINATION_TERMINATED' } });
      const page = await webUi.open(refresh.workflowId);
      const { firstLine, lines } = await page.currentDetails(/1 failed/);
      expect(await page.status()).toBe('Failed');
      expect(firstLine).toBe('0 of 1 up to date; 1 failed');
      expect(lines.join('\n')).toMatch(/failed: DESTINATION_TERMINATED\. .* Connect it again with --adopt/);
      expect(await page.alarmingPixels()).toBeGreaterThan(100);
    });
  });
});

describe('in the Web UI, the page of a schedule', () => {
  test('says what it refreshes when, and who paused it; it leads to its refreshes, and the destination to it', async () => {
    const { stage, names } = world;
    const [name = ''] = names;
    const { schedule } = stage.client;
    await stage.withWorker(async () => {
      await world.prepare([name]);
      const targets = { destinations: [name] };
      await schedule.create(name, { targets, daily: ['02:30', '14:30'], timezone: 'Europe/Berlin' });
      await schedule.trigger(name);
      const { workflowId } = await until(async () =>
        (await schedule.show(name)).runs.find(({ status }) => status === 'completed'),
      );
      const page = await webUi.openSchedule(name);
      const words = `Refresh of ${name}, daily at 02:30, 14:30 (Europe/Berlin)`;
      expect(await page.state()).toBe('Running');
      expect(await page.note()).toBe(words);
      expect(await page.recentRuns()).toEqual([`Completed ${workflowId}`]);
      const { next } = await schedule.show(name);
      const shown = await page.nextRuns();
      expect(shown).toEqual(
        next.slice(0, shown.length).map((time) => time.slice(0, 16).replace('T', ' UTC ')),
      );
      expect(shown.length).toBeGreaterThan(3);

      const refresh = await page.follow(workflowId);
      const { firstLine } = await refresh.currentDetails(/Up to date/);
      expect(firstLine).toBe('Up to date: 1 exported');
      expect(await refresh.summary()).toBe(`Refresh of ${name}`);
      expect(await refresh.details()).toMatch(
        /daily at 02:30, 14:30 \(Europe\/Berlin\), .*\n+While one runs: /,
      );
      expect(await refresh.alarmingPixels()).toBe(0);

      const destination = await webUi.open(destinationWorkflowId(name));
      const { rows } = await destination.currentDetails(/Next refresh/);
      expect(rows['Next refresh']).toMatch(
        `by the schedule ${name}: daily at 02:30, 14:30 (Europe/Berlin), as of 20`,
      );
      await schedule.pause(name, { by: 'Kim', reason: 'new source' });
      const paused = await destination.followToSchedule(name);
      expect(await paused.state()).toBe('Paused');
      expect(await paused.note()).toBe(`Paused by Kim: new source. ${words}`);
      await schedule.delete(name);
    });
  });
});
