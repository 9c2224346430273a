import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CONSENT_TEXT } from '../../../src/client';
import { AUDIENCE, CONNECT, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../../support/stage';
import { until } from '../../support/until';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await stage.close();
});

const withdraw = (by: string, reason?: string) =>
  stage.client.withdrawConsent(stage.destinationId, {
    withdrawnBy: by,
    ...(reason !== undefined && { reason }),
  });

const start = () => stage.client.start(stage.destinationId);

/** What the store has recorded, in the order of the events. */
async function recorded(): Promise<Record<string, string>[]> {
  const staging = join(stage.folder, 'staging');
  const names = (await readdir(staging, { recursive: true })).filter((name) =>
    /consents\/.*json$/.test(name),
  );
  return Promise.all(
    names.toSorted().map(async (name) => JSON.parse(await readFile(join(staging, name), 'utf8'))),
  );
}

test('withdrawing consent cancels the export that runs and the queued one, and refuses the next ones until it is given again', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    stage.sandbox.fail('stuck batch always');
    const running = await start();
    const queued = await stage.client.start(stage.destinationId, { options: { allowMassRemoval: true } });
    expect(queued.disposition).toBe('queued');
    await until(async () => (await stage.progress())?.batches === 1);

    const view = await withdraw('Kim', 'Under review');
    expect(view).toMatchObject({
      phase: 'configured',
      consent: { agreedBy: 'tester', withdrawnBy: 'Kim', withdrawnReason: 'Under review' },
      queued: [],
    });
    expect(await stage.follow(running.id)).toMatchObject({ status: 'cancelled' });
    expect(await stage.follow(queued.id)).toMatchObject({ status: 'cancelled' });
    const sent = stage.sandbox.state(AUDIENCE).members;
    await expect(start()).rejects.toMatchObject({
      code: 'CONSENT_WITHDRAWN',
      message: expect.stringContaining(`destination give-consent ${stage.destinationId}`),
    });
    await expect(stage.client.plan(stage.destinationId)).rejects.toMatchObject({ code: 'CONSENT_WITHDRAWN' });
    const { consent: _, ...settings } = CONNECT;
    await expect(stage.client.connect(stage.destinationId, settings)).rejects.toMatchObject({
      code: 'CONSENT_REQUIRED',
    });
    expect(stage.sandbox.state(AUDIENCE).members).toBe(sent);

    // The first one counts.
    expect((await withdraw('Lee')).consent).toEqual(view.consent);
    expect((await recorded()).map(({ event, by, reason }) => [event, by, reason])).toEqual([
      ['agreed', 'tester', undefined],
      ['withdrawn', 'Kim', 'Under review'],
    ]);

    stage.sandbox.clearFaults();
    const consent = { agreedBy: 'Ada', textVersion: CONSENT_TEXT.version };
    const given = await stage.client.connect(stage.destinationId, { ...settings, consent });
    expect(given.consent?.withdrawnAt).toBeUndefined();
    expect(given.consentHistory?.map(({ event, by }) => [event, by])).toEqual([
      ['agreed', 'Ada'],
      ['withdrawn', 'Kim'],
      ['agreed', 'tester'],
    ]);
    expect(await stage.export()).toMatchObject({ status: 'completed', number: 3 });
    expect(stage.sandbox.state(AUDIENCE).members).toBe(8);
  });
});

test('an export that is held is cancelled with the consent, and an approval comes too late', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure({ guards: { newContacts: 1 } });
    const handle = await start();
    const plan = await until(async () => {
      const state = (await handle.progress())?.state;
      return state?.kind === 'held' ? state.held.planId : undefined;
    });
    await withdraw('Kim');
    await expect(handle.approve({ planId: plan, by: 'Ada' })).rejects.toMatchObject({
      code: expect.stringMatching(/^EXPORT_/),
    });
    expect(await stage.follow(handle.id)).toMatchObject({ status: 'cancelled' });
    expect(stage.sandbox.state(AUDIENCE).members).toBe(0);
  });
});

test('a destination is not stale without consent, since no export may end that', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure({ staleAfterHours: 1 });
    await withdraw('Kim');
    expect((await stage.client.describe(stage.destinationId)).stale).toBeUndefined();
  });
});

test('a request without the name of a person is refused', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await expect(withdraw(' ')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect((await stage.client.describe(stage.destinationId)).consent?.withdrawnAt).toBeUndefined();
  });
});
