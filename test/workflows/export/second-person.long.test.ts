import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ExportClient, type ExportHandle } from '../../../src/client';
import type { Held } from '../../../src/contract/guard';
import { AUDIENCE, person, startSharedWorker, type SharedWorker, type Stage } from '../../support/stage';
import { heldIn } from '../../support/export-state';
import { until } from '../../support/until';

/** As many as tests. */
const STAGES = 5;
const PEOPLE = [1, 2, 3].map((number) => person(number));

const untilHeld = (handle: ExportHandle): Promise<Held> => until(async () => heldIn(await handle.progress()));

describe('a destination that wants a second person to approve', () => {
  let worker: SharedWorker;
  let stage: Stage;

  beforeAll(async () => {
    worker = await startSharedWorker(STAGES);
  });

  afterAll(async () => {
    await worker.close();
  });

  beforeEach(async () => {
    stage = worker.nextStage();
    await stage.writeProfiles(PEOPLE);
    await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
    await stage.connect();
    await stage.configure({ approval: { by: 'other' }, guards: { newContacts: 1 } });
  });

  const start = (by: string) =>
    stage.client.start(stage.destinationId, { by, options: { allowNewContacts: true } });
  const refused = { code: 'SECOND_PERSON_REQUIRED' };
  const members = () => stage.sandbox.state(AUDIENCE).members;

  test('holds an export also where its options allow it, and takes the approval of another person only', async () => {
    const handle = await start('Kim');
    const held = await untilHeld(handle);
    expect(held).toMatchObject({
      guards: [{ code: 'NEW_CONTACTS', number: 3 }],
      askedBy: 'Kim',
      needsSecondPerson: true,
    });
    const { planId } = held;
    for (const by of ['Kim', ' kim '])
      await expect(handle.approve({ planId, by })).rejects.toMatchObject(refused);
    expect(members()).toBe(0);
    await handle.approve({ planId, by: 'Ada' });
    const report = await handle.result();
    expect(report).toMatchObject({
      status: 'completed',
      askedBy: 'Kim',
      approval: {
        by: 'Ada',
        at: expect.stringMatching(/Z$/),
        numbers: [{ code: 'NEW_CONTACTS', number: 3 }],
      },
    });
    expect(members()).toBe(3);
    // A repeated approval changes nothing.
    expect(await handle.approve({ planId, by: 'Ada' })).toMatchObject({ disposition: 'approved' });
  });

  test('wants to know who asks, and lets that person deny', async () => {
    await expect(stage.client.start(stage.destinationId)).rejects.toMatchObject(refused);
    const handle = await start('Kim');
    await handle.deny({ planId: (await untilHeld(handle)).planId, by: 'Kim' });
    await expect(handle.result()).rejects.toMatchObject({
      report: { status: 'denied', askedBy: 'Kim', denial: { by: 'Kim' } },
    });
  });

  test('takes the names that a host gives its clients, whatever a request says', async () => {
    const { temporal, taskQueue } = stage;
    const as = (name: string) => new ExportClient({ client: temporal, taskQueue, person: name });
    const { id } = await as('Kim').start(stage.destinationId, { by: 'Lee' });
    const ref = { destinationId: stage.destinationId, exportId: id };
    const { planId, askedBy } = await untilHeld(as('Kim').handle(ref));
    expect(askedBy).toBe('Kim');
    await expect(as('Kim').handle(ref).approve({ planId, by: 'Ada' })).rejects.toMatchObject(refused);
    await as('Ada').handle(ref).approve({ planId, by: 'Kim' });
    expect(await as('Ada').handle(ref).result()).toMatchObject({ approval: { by: 'Ada' } });
  });

  test('holds each undo, whatever number was agreed to, and takes the approval of another person only', async () => {
    const first = await start('Kim');
    await first.approve({ planId: (await untilHeld(first)).planId, by: 'Ada' });
    const { exportId, number } = await first.result();
    const { temporal, taskQueue } = stage;
    const kim = new ExportClient({ client: temporal, taskQueue, person: 'Kim' });
    // The client knows the person, so that the name in the request does not count.
    const started = await kim.startUndo(stage.destinationId, {
      exportId,
      number,
      undoneBy: 'Ada',
      contacts: 3,
    });
    const undo = stage.client.handle({ destinationId: stage.destinationId, exportId: started.id });
    const held = await untilHeld(undo);
    expect(held).toMatchObject({
      guards: [{ code: 'UNDO', number: 3, limit: 0 }],
      askedBy: 'Kim',
      needsSecondPerson: true,
    });
    for (const by of ['Kim', ' kim '])
      await expect(undo.approve({ planId: held.planId, by })).rejects.toMatchObject(refused);
    expect(stage.sandbox.state(AUDIENCE).tags).toMatchObject({ VIP: 3 });
    await undo.approve({ planId: held.planId, by: 'Ada' });
    expect(await undo.result()).toMatchObject({
      status: 'completed',
      askedBy: 'Kim',
      approval: { by: 'Ada' },
      undo: { number, by: 'Kim' },
      outcomes: { archived: 3 },
    });
  });

  test('holds each removal, whatever number was agreed to, also one that leaves the contacts as they are', async () => {
    const first = await start('Kim');
    await first.approve({ planId: (await untilHeld(first)).planId, by: 'Ada' });
    await first.result();
    const { client, destinationId } = stage;
    await expect(client.remove(destinationId, { removedBy: 'Kim' })).rejects.toMatchObject(refused);
    const untag = await client.startRemoval(destinationId, {
      removedBy: 'Kim',
      exported: 'untag',
      contacts: 3,
    });
    const held = await untilHeld(untag);
    expect(held.guards).toMatchObject([{ code: 'SECOND_PERSON', number: 3, limit: 0 }]);
    await expect(untag.approve({ planId: held.planId, by: 'Kim' })).rejects.toMatchObject(refused);
    await untag.deny({ planId: held.planId, by: 'Ada' });
    await expect(untag.result()).rejects.toMatchObject({ report: { status: 'denied' } });

    const keep = await client.startRemoval(destinationId, { removedBy: 'Kim', exported: 'keep' });
    const again = await untilHeld(keep);
    await keep.approve({ planId: again.planId, by: 'Ada' });
    expect(await keep.result()).toMatchObject({
      status: 'completed',
      askedBy: 'Kim',
      approval: { by: 'Ada' },
      outcomes: { unchanged: 3, removed: 0 },
    });
    await until(async () => (await client.describe(destinationId)).phase === 'removed');
    expect(stage.sandbox.state(AUDIENCE).tags).toMatchObject({ VIP: 3 });
  });
});
