import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { destinationWorkflowId } from '../../../src/contract/identifiers';
import { AUDIENCE, person, startSharedWorker, type SharedWorker, type Stage } from '../../support/stage';
import { until } from '../../support/until';

/** As many as tests. */
const STAGES = 11;
/** A check of a connect may take half a minute. */
const REQUEST_S = 28;

const PEOPLE = [1, 2, 3, 4].map((number) => person(number));
const [CREATED, OPTED_OUT, SHARED, KNOWN] = PEOPLE.map(({ email }) => email) as [
  string,
  string,
  string,
  string,
];
const ARCHIVE = { removedBy: 'Kim', exported: 'archive' } as const;

describe('the removal of a destination', () => {
  let worker: SharedWorker;
  let stage: Stage;

  beforeAll(async () => {
    worker = await startSharedWorker(STAGES, { longestRequestSeconds: REQUEST_S });
  });

  afterAll(async () => {
    await worker.close();
  });

  beforeEach(async () => {
    stage = worker.nextStage();
    await stage.writeProfiles(PEOPLE);
    await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
  });

  const act = (email: string, action: 'unsubscribe' | 'subscribe') =>
    stage.sandbox.control.act({ audience: AUDIENCE, email, action });
  const audience = () =>
    Object.fromEntries(
      [...stage.sandbox.control.members(AUDIENCE)].map(({ email, status, tags }) => [
        email,
        `${status} ${tags.join()}`,
      ]),
    );
  /** One contact that may be archived, and one of each kind that may not. */
  async function exportPeople(): Promise<void> {
    act(KNOWN, 'subscribe');
    await stage.connect();
    await stage.configure();
    await stage.export();
    act(OPTED_OUT, 'unsubscribe');
    stage.sandbox.control.act({ audience: AUDIENCE, email: SHARED, action: 'tag', tag: 'Other' });
  }
  const archives = () =>
    stage.sandbox
      .requests()
      .filter(({ method, route }) => method === 'DELETE' && route.includes('/members/'));

  test('archives only contacts that we created, that are subscribed, and that no other tool has tagged', async () => {
    await exportPeople();
    const planned = await (await stage.client.planRemoval(stage.destinationId, ARCHIVE)).result();
    expect(planned).toMatchObject({
      selected: 0,
      departed: 4,
      outcomes: { archived: 2, removed: 2 },
      notArchived: { not_created: 1, opted_out: 1 },
      guards: [{ code: 'MASS_REMOVAL', number: 4, limit: 0 }],
    });
    expect(archives()).toHaveLength(0);

    const handle = await stage.client.startRemoval(stage.destinationId, { ...ARCHIVE, contacts: 4 });
    expect(await handle.result()).toMatchObject({
      status: 'completed',
      removal: { exported: 'archive', by: 'Kim' },
      outcomes: { archived: 1, removed: 3 },
      notArchived: { not_created: 1, opted_out: 1, foreign_tags: 1 },
    });
    expect(audience()).toEqual({
      [CREATED]: 'archived ',
      [OPTED_OUT]: 'unsubscribed ',
      [SHARED]: 'subscribed Other',
      [KNOWN]: 'subscribed ',
    });
    expect(archives()).toHaveLength(1);
    const view = await stage.client.describe(stage.destinationId);
    expect(view).toMatchObject({ phase: 'removed', consent: { withdrawnBy: 'Kim' } });
  });

  test('needs no consent', async () => {
    await exportPeople();
    await stage.client.withdrawConsent(stage.destinationId, { withdrawnBy: 'Ada' });
    const handle = await stage.client.startRemoval(stage.destinationId, { ...ARCHIVE, contacts: 4 });
    expect(await handle.result()).toMatchObject({
      status: 'completed',
      outcomes: { archived: 1, removed: 3 },
    });
    const view = await stage.client.describe(stage.destinationId);
    expect(view).toMatchObject({ phase: 'removed', consent: { withdrawnBy: 'Ada' } });
  });

  test('goes on while its consent is withdrawn: it takes people out', async () => {
    await exportPeople();
    // It waits with its first request.
    stage.sandbox.control.set({ batchPolls: 1_000_000 });
    stage.sandbox.fail('delay 3 s on GET /lists/*/members');
    const handle = await stage.client.startRemoval(stage.destinationId, { ...ARCHIVE, contacts: 4 });
    stage.sandbox.control.set({ batchPolls: 0 });
    await stage.client.withdrawConsent(stage.destinationId, { withdrawnBy: 'Ada' });
    expect(await handle.result()).toMatchObject({ status: 'completed', outcomes: { archived: 1 } });
    expect(await stage.client.describe(stage.destinationId)).toMatchObject({
      phase: 'removed',
      consent: { withdrawnBy: 'Ada' },
    });
  });

  test('leaves no reservation and no consent of a connect that is checked while it ends', async () => {
    await exportPeople();
    const handle = await stage.client.startRemoval(stage.destinationId, { ...ARCHIVE, contacts: 3 });
    const held = await until(async () => {
      const { state } = (await handle.progress()) ?? {};
      return state?.kind === 'held' ? state.held : undefined;
    });
    const sent = () => stage.sandbox.requests().reduce((sum, { count }) => sum + count, 0);
    const before = sent();
    // Its next request, long before the first one of the export, which sends nothing while it is held.
    stage.sandbox.fail(`delay ${REQUEST_S - 3} s on GET /lists/*`);
    const connecting = stage.connect();
    const refusal = connecting.catch((error: unknown) => error);
    await until(async () => sent() > before);
    await handle.approve({ planId: held.planId, by: 'Kim' });
    expect(await handle.result()).toMatchObject({ status: 'completed' });
    expect(await refusal).toMatchObject({ code: 'DESTINATION_REMOVED' });
    const destination = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
    await until(async () => (await destination.describe()).status.name !== 'RUNNING');
    const staging = stage.config.staging?.folder ?? '';
    const names = await readdir(staging, { recursive: true });
    const statements = names.filter(
      (name) => name.includes(stage.destinationId) && /consents\/.*json$/.test(name),
    );
    const read = async (name: string) => JSON.parse(await readFile(join(staging, name), 'utf8'));
    expect(await read(statements.toSorted().at(-1)!)).toMatchObject({ event: 'withdrawn', by: 'Kim' });
    const reserved = names.filter((name) => /^audiences\/.*json$/.test(name));
    for (const name of reserved)
      expect(await read(name)).not.toMatchObject({ destinationId: stage.destinationId });
  });

  test('untags all contacts, and reads no source for it', async () => {
    await exportPeople();
    await stage.writeProfiles([]);
    const view = await stage.client.remove(stage.destinationId, {
      removedBy: 'Kim',
      exported: 'untag',
      contacts: 4,
    });
    expect(view.phase).toBe('removed');
    expect(audience()).toEqual({
      [CREATED]: 'subscribed ',
      [OPTED_OUT]: 'unsubscribed ',
      [SHARED]: 'subscribed Other',
      [KNOWN]: 'subscribed ',
    });
  });

  test('is held if more contacts would lose their tags than were agreed to, and changes nothing when it is denied', async () => {
    await exportPeople();
    const before = audience();
    const handle = await stage.client.startRemoval(stage.destinationId, { ...ARCHIVE, contacts: 3 });
    const held = await until(async () => {
      const { state } = (await handle.progress()) ?? {};
      return state?.kind === 'held' ? state.held : undefined;
    });
    expect(held.guards).toMatchObject([{ code: 'MASS_REMOVAL', number: 4, limit: 3 }]);
    await handle.deny({ planId: held.planId, by: 'Kim' });
    await expect(handle.result()).rejects.toMatchObject({ report: { status: 'denied' } });
    expect(audience()).toEqual(before);
    expect((await stage.client.describe(stage.destinationId)).phase).toBe('configured');
    // The baseline is as it was: an export finds nothing to do.
    expect(await stage.export()).toMatchObject({ outcomes: { unchanged: 4 } });
  });

  test('cancels the export that runs, and what waits behind it', async () => {
    await stage.connect();
    await stage.configure();
    stage.sandbox.control.set({ batchPolls: 1_000_000 });
    const running = await stage.client.start(stage.destinationId, { options: { lane: 'batch' } });
    const waiting = await stage.client.plan(stage.destinationId);
    const handle = await stage.client.startRemoval(stage.destinationId, { ...ARCHIVE, contacts: 4 });
    await expect(waiting.result()).rejects.toMatchObject({ report: { status: 'cancelled' } });
    expect(await handle.result()).toMatchObject({ status: 'completed' });
    await running.result().catch(() => undefined);
    expect(Object.values(audience()).filter((found) => found.includes('VIP'))).toEqual([]);
  });

  test('goes on where it was cut off, and says how many it may not have archived itself', async () => {
    await stage.connect();
    await stage.configure();
    await stage.export();
    // The second contact is archived, and the replies to both tries are lost.
    const lost = {
      match: 'DELETE /lists/*/members/*',
      after: 1,
      times: 2,
      effect: { type: 'applyThenReset' },
    } as const;
    stage.sandbox.fail(lost);
    const handle = await stage.client.startRemoval(stage.destinationId, { ...ARCHIVE, contacts: 4 });
    expect(await handle.result()).toMatchObject({ outcomes: { archived: 4 }, uncertainArchived: 1 });
    expect(Object.values(audience())).toEqual(Array.from({ length: 4 }, () => 'archived '));
  });

  test('keeps the contacts without a choice, as before', async () => {
    await exportPeople();
    const before = audience();
    const view = await stage.client.remove(stage.destinationId, { removedBy: 'Kim' });
    expect(view.phase).toBe('removed');
    expect(audience()).toEqual(before);
  });

  test('archives people who leave all segments, where that is configured, and lets them come back', async () => {
    await stage.connect();
    await stage.configure({ leavers: 'archive' });
    await stage.export();
    await stage.writeMembers(PEOPLE.slice(1).map(({ id }) => [id, 'vip'] as const));
    expect(await stage.export()).toMatchObject({ outcomes: { archived: 1, unchanged: 3 } });
    expect(audience()).toMatchObject({ [CREATED]: 'archived ' });
    expect(await stage.export()).toMatchObject({ departed: 0, outcomes: { unchanged: 3 } });
    await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
    expect(await stage.export()).toMatchObject({ outcomes: { updated: 1, unchanged: 3, suppressed: 0 } });
    expect(audience()).toMatchObject({ [CREATED]: 'subscribed VIP' });
  });
});
