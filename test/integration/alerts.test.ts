import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { heldIn } from '../support/export-state';
import { until } from '../support/until';
import { openAlerting, writePeople, type Alerting } from './alerting';

describe('the alerts of a destination', () => {
  let alerting: Alerting;

  beforeEach(async () => {
    alerting = await openAlerting();
  });

  afterEach(() => alerting.close());

  test('say once that an export is held, that one has failed, and that the destination has recovered', async () => {
    const { stage, ops } = alerting;
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure({ guards: { removalShare: 1, newContacts: 0 } });
      const { id } = await stage.client.start(stage.destinationId);
      const { planId } = await until(async () => heldIn(await stage.progress()));
      expect(await alerting.alerted(1)).toEqual(['export.held']);
      await (await stage.running()).approve({ planId, by: 'Kim' });
      expect(await stage.follow(id)).toMatchObject({ status: 'completed' });
      expect(await alerting.alerted(2)).toEqual(['export.held', 'destination.recovered']);

      await stage.writeProfiles([]);
      for (let times = 0; times < 2; times++)
        expect(await stage.export()).toMatchObject({ failure: { code: 'SOURCE_EMPTY' } });
      await writePeople(stage, 3);
      expect(await stage.export()).toMatchObject({ status: 'completed' });
      const stepsOfRun = await alerting.stepsOfThisRun();
      expect(await stage.export()).toMatchObject({ status: 'completed' });
      // A healthy export costs nothing more.
      expect(await stepsOfRun()).toEqual(['mailchimp.tidyStaging']);
      expect(await alerting.alerted(4)).toEqual([
        'export.held',
        'destination.recovered',
        'export.failed',
        'destination.recovered',
      ]);
    });
    const data = ops.received.map(({ body }) => body.data);
    expect(data).toMatchObject([
      { export: { number: 1 }, guards: ['NEW_CONTACTS'] },
      { export: { number: 1 }, recoveredFrom: 'held', counts: { outcomes: { created: 3 } } },
      { export: { number: 2 }, code: 'SOURCE_EMPTY' },
      { export: { number: 4 }, recoveredFrom: 'failed' },
    ]);
    expect(data.every(({ destination }) => JSON.stringify(destination).includes(stage.destinationId))).toBe(
      true,
    );
    const texts = ops.received.map(({ text }) => text).join();
    for (const secret of ['@', 'First0', stage.sandbox.apiKey]) expect(texts).not.toContain(secret);
  });
});
