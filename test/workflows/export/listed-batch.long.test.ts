import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { progressQuery } from '../../../src/workflows/messages';
import { AUDIENCE, CROWD, CROWD_MEMBERS } from '../../support/stage';
import { HOUR_MS, MINUTE_MS, openSkipping, type Skipping } from '../skipping';

let skipping: Skipping;

beforeEach(async () => {
  skipping = await openSkipping();
  await skipping.stage.writeProfiles(CROWD);
  await skipping.stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await skipping.close();
});

test('a deleted batch that Mailchimp still lists holds the next export for some minutes, and its contacts are sent again by each one', async () => {
  const { sandbox } = skipping.stage;
  await skipping.stage.withWorker(async () => {
    await skipping.connect();
    await skipping.configure();
    sandbox.fail('stuck batch');
    await skipping.start({ lane: 'batch' });
    const batches = async () => (await skipping.exportHandle().query(progressQuery)).batches;
    await skipping.passTimeUntil(async () => (await batches()) === 1);
    // The deletion has no effect, and says that there is nothing to delete.
    sandbox.fail('404 always on DELETE /batches/*');
    await skipping.cancel();
    await skipping.passTimeUntil(async () => (await skipping.show()).exports.length === 1);
    for (const updated of [0, 3]) {
      const before = (await skipping.show()).exports.length;
      await skipping.start({ lane: 'direct' });
      await skipping.passTimeUntil(async () => (await skipping.show()).exports.length > before);
      const [report] = (await skipping.show()).exports;
      expect(report).toMatchObject({ status: 'completed', outcomes: { updated } });
      expect(report!.durationMs).toBeGreaterThan(10 * MINUTE_MS);
      expect(report!.durationMs).toBeLessThan(HOUR_MS);
    }
    expect(sandbox.state(AUDIENCE).members).toBe(8);
    const { events = [] } = await skipping.exportHandle().fetchHistory();
    expect(events?.length).toBeLessThan(400);
  });
});
