import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { WorkerInterceptors } from '@temporalio/worker';
import { stringify } from 'yaml';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import type { OwnedProcess } from '../../src/dev/owned-process';
import { reasonIn } from '../support/export-state';
import { openReceiver, status } from '../support/receiver';
import { until } from '../support/until';
import { idOf, openAlerting, writePeople, type Alerting } from './alerting';
import { startWorker } from './killed-worker';

describe('the alerts of a destination', () => {
  let alerting: Alerting;

  beforeEach(async () => {
    alerting = await openAlerting();
  });

  afterEach(() => alerting.close());

  const configured = (work: () => Promise<void>) =>
    alerting.stage.withWorker(async () => {
      await alerting.stage.connect();
      await alerting.stage.configure({ guards: { removalShare: 1 } });
      await work();
    });

  test('say once that an export is stopped, also when it is resumed before the cause is fixed, and that too many are rejected', async () => {
    const { stage, ops } = alerting;
    await configured(async () => {
      const key = stage.sandbox.apiKey;
      const [variable = ''] = Object.entries(process.env).find(([, value]) => value === key) ?? [];
      process.env[variable] = `${'0'.repeat(32)}-us1`;
      const { id } = await stage.client.start(stage.destinationId);
      const stoppedSince = () =>
        until(async () => {
          const view = await stage.progress();
          return reasonIn(view, 'stopped') && view?.state.since;
        });
      const first = await stoppedSince();
      expect(await alerting.alerted(1)).toEqual(['export.stopped']);
      await (await stage.running()).resume();
      await until(async () => (await stoppedSince()) !== first);
      process.env[variable] = key;
      await (await stage.running()).resume();
      expect(await stage.follow(id)).toMatchObject({ status: 'completed' });
      expect(await alerting.alerted(2)).toEqual(['export.stopped', 'destination.recovered']);
      expect(ops.received[0]?.body.data).toMatchObject({ code: 'KEY_INVALID', export: { number: 1 } });
      expect(ops.received[1]?.body.data).toMatchObject({ recoveredFrom: 'stopped' });

      await writePeople(stage, 4, 'four@example.com');
      expect((await stage.export()).outcomes).toMatchObject({ rejected: 1 });
      expect((await stage.export()).outcomes).toMatchObject({ rejected: 1 });
      await writePeople(stage, 3);
      expect(await stage.export()).toMatchObject({ status: 'completed' });
      expect(await alerting.alerted(3)).toEqual([
        'export.stopped',
        'destination.recovered',
        'export.rejects',
      ]);
      expect(ops.received[2]?.body.data).toMatchObject({
        text: expect.stringContaining('1 of 4 profiles are invalid, refused, throttled or unproven.'),
      });
      expect(ops.received[2]?.text).not.toContain('@');
    });
  });

  test('reach one receiver while another one fails, which gets them with the same id when it answers again', async () => {
    const { stage, ops } = alerting;
    const chat = await openReceiver();
    process.env['CHAT_URL'] = chat.url;
    Object.assign((stage.config as { alerts?: object }).alerts!, {
      chat: { kind: 'slack', url: 'env:CHAT_URL' },
    });
    try {
      await configured(async () => {
        // A receiver that asks for an attempt at once: Temporal would take a delay of zero for no attempt.
        ops.answers.push(status(500), status(503, { 'retry-after': '0' }));
        await stage.writeProfiles([]);
        expect(await stage.export()).toMatchObject({ status: 'failed' });
        await until(async () => ops.received.length === 3);
        expect(new Set(ops.received.map(idOf)).size).toBe(1);
        expect(await alerting.alerted(1)).toEqual(['export.failed']);
        expect(chat.received).toHaveLength(1);
        expect(JSON.parse(chat.received[0]!.text).text).toBe('Export 1 of Newsletter has failed');

        // One that refuses is shown until an alert arrives there, and delays no export.
        await writePeople(stage, 3);
        ops.answers.push(status(404));
        expect(await stage.export()).toMatchObject({ status: 'completed' });
        const undelivered = await until(
          async () => (await stage.client.describe(stage.destinationId)).undeliveredAlerts,
        );
        expect(undelivered).toMatchObject([
          { receiver: 'ops', event: 'recovered', failure: { code: 'ALERT_REFUSED' } },
        ]);
        expect(await alerting.details()).toMatch(/\| Alerts \| ops has not got "recovered" .*ALERT_REFUSED/);
        expect(chat.received).toHaveLength(2);
        await stage.writeProfiles([]);
        expect(await stage.export()).toMatchObject({ status: 'failed' });
        await until(async () => !(await stage.client.describe(stage.destinationId)).undeliveredAlerts);
        expect(await alerting.details()).not.toContain('| Alerts |');
        expect(chat.received).toHaveLength(3);
      });
    } finally {
      await chat.close();
      delete process.env['CHAT_URL'];
    }
  });

  test('are of the export that a terminated one leaves, and of none that was cancelled', async () => {
    const { stage, ops } = alerting;
    await configured(async () => {
      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      for (const [people, end] of [
        [8, 'cancel'],
        [16, 'terminate'],
      ] as const) {
        await writePeople(stage, people);
        const { id } = await stage.client.start(stage.destinationId);
        await until(async () => (await stage.progress())?.batches === 1);
        if (end === 'cancel') await (await stage.running()).cancel();
        else
          await stage.temporal.workflow
            .getHandle(`${destinationWorkflowId(stage.destinationId)}/export`)
            .terminate();
        await stage.follow(id);
      }
      expect(await alerting.alerted(1)).toEqual(['export.failed']);
      expect(ops.received[0]?.body.data).toMatchObject({ export: { number: 2 }, code: 'UNEXPECTED' });
    });
  });

  test('say once that an export is stopped, also when the source is read after the audience could not be', async () => {
    const { stage } = alerting;
    const key = stage.sandbox.apiKey;
    const [variable = ''] = Object.entries(process.env).find(([, value]) => value === key) ?? [];
    const stoppedSince = async () => {
      const view = await stage.progress();
      return reasonIn(view, 'stopped') && view?.state.since;
    };
    let isRead = false;
    const activity: WorkerInterceptors['activity'] = [
      ({ info: { activityType } }) => ({
        inbound: {
          execute: async (input, next) => {
            if (activityType === 'mailchimp.takeCensus' && !isRead)
              process.env[variable] = `${'0'.repeat(32)}-us1`;
            if (activityType === 'mailchimp.takeSnapshot') await until(stoppedSince);
            const answer = await next(input);
            isRead ||= activityType === 'mailchimp.takeSnapshot';
            return answer;
          },
        },
      }),
    ];
    await stage.withWorker(
      async () => {
        await stage.connect();
        await stage.configure({ guards: { removalShare: 1 } });
        const { id } = await stage.client.start(stage.destinationId);
        const first = await until(async () => isRead && stoppedSince());
        // The workflow has read that the source is read.
        await until(async () => {
          const { events } = await stage.temporal.workflow
            .getHandle(exportWorkflowId(stage.destinationId))
            .fetchHistory();
          return events
            ?.findLast((event) => event.workflowTaskCompletedEventAttributes)
            ?.eventId?.gt(
              events.findLast((event) => event.activityTaskCompletedEventAttributes)?.eventId ?? 0,
            );
        });
        await (await stage.running()).resume();
        await until(async () => {
          const since = await stoppedSince();
          return since && since !== first;
        });
        process.env[variable] = key;
        await (await stage.running()).resume();
        expect(await stage.follow(id)).toMatchObject({ status: 'completed' });
        expect(await alerting.alerted(2)).toEqual(['export.stopped', 'destination.recovered']);
      },
      { interceptors: { activity } },
    );
  });

  test('are sent also where a worker of version 0.3.0 tidies up after the export, while a new one is rolled out', async () => {
    const { stage } = alerting;
    const activity: WorkerInterceptors['activity'] = [
      ({ info }) => ({
        inbound: {
          execute: async (input, next) => {
            const answer = await next(input);
            return info.activityType === 'mailchimp.tidyStaging' ? undefined : answer;
          },
        },
      }),
    ];
    await stage.withWorker(
      async () => {
        await stage.connect();
        await stage.configure();
        await stage.writeProfiles([]);
        expect(await stage.export()).toMatchObject({ status: 'failed' });
        expect(await alerting.alerted(1)).toEqual(['export.failed']);
      },
      { interceptors: { activity } },
    );
  });

  test('have the same id when the worker is killed between the request and its answer', async () => {
    const { stage, ops } = alerting;
    const configFile = join(stage.folder, 'temporal-mailchimp.yaml');
    const temporal = { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue };
    await writeFile(configFile, stringify({ ...stage.config, temporal }));
    const workers: OwnedProcess[] = [];
    try {
      workers.push(await startWorker(configFile));
      await until(() =>
        stage.connect().then(
          () => true,
          () => false,
        ),
      );
      await stage.configure({ guards: { removalShare: 1 } });
      await stage.writeProfiles([]);
      // No answer: the request has arrived, and its worker dies.
      ops.answers.push(() => undefined);
      await stage.client.start(stage.destinationId);
      await until(async () => ops.received.length === 1);
      await workers[0]!.kill();
      workers.push(await startWorker(configFile));
      await until(async () => ops.received.length === 2);
      expect(new Set(ops.received.map(idOf)).size).toBe(1);
      expect(await alerting.alerted(1)).toEqual(['export.failed']);
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
    }
  });
});
