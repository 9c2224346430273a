import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ExportReport } from '../../src/contract/report';
import type { Act } from '../../src/sandbox/model/act';
import {
  AUDIENCE,
  person,
  reportOf,
  startSharedWorker,
  type SharedWorker,
  type Stage,
} from '../support/stage';
import { until } from '../support/until';

const STAGES = 5;

let shared: SharedWorker;
let stage: Stage;
beforeAll(async () => {
  shared = await startSharedWorker(STAGES);
});
beforeEach(async () => {
  stage = shared.nextStage();
  await writeFirst();
  await stage.connect();
  await stage.configure();
});
afterAll(() => shared.close());

const PEOPLE = [1, 2, 3, 4].map((number) => person(number));
const [FIRST, SECOND, THIRD, FOURTH] = PEOPLE.map(({ email }) => email) as [string, string, string, string];
const FIFTH = person(5).email;

const act = (email: string, action: Act['action'], more: Partial<Act> = {}) =>
  stage.sandbox.control.act({ audience: AUDIENCE, email, action, ...more });

/** What contacts, tools and campaigns see of the audience. */
const audience = () =>
  Object.fromEntries(
    [...stage.sandbox.members(AUDIENCE)].map(({ email, status, tags, mergeFields }) => [
      email,
      { status, tags: tags.toSorted(), mergeFields },
    ]),
  );

const GONE = { status: 'archived', tags: [] };

const writes = () =>
  stage.sandbox
    .requests()
    .filter(({ method }) => method !== 'GET')
    .reduce((sum, { count }) => sum + count, 0);

async function undo(report: ExportReport, contacts = 100): Promise<ExportReport> {
  const { exportId, number } = report;
  const request = { exportId, number, undoneBy: 'Kim', contacts };
  return reportOf(await stage.client.startUndo(stage.destinationId, request));
}

async function writeFirst(): Promise<void> {
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers([
    ['000001', 'vip'],
    ['000002', 'vip'],
    ['000002', 'north'],
    ['000003', 'north'],
    ['000004', 'vip'],
  ]);
}

async function exportFirst(): Promise<ExportReport> {
  await writeFirst();
  return stage.export();
}

/** A name changes, one moves to another segment, one leaves, one comes, one is as before. */
async function exportSecond(): Promise<ExportReport> {
  await stage.writeProfiles([person(1, { first: 'Changed' }), ...PEOPLE.slice(1), person(5)]);
  await stage.writeMembers([
    ['000001', 'vip'],
    ['000002', 'north'],
    ['000003', 'vip'],
    ['000005', 'vip'],
  ]);
  return stage.export();
}

test('undo of the first export archives who it created, and leaves who was there, untagged', async () => {
  act(FIRST, 'subscribe');
  act(FIRST, 'edit', { mergeFields: { FNAME: 'Own' } });
  act(FIRST, 'tag', { tag: 'Other tool' });
  const first = await exportFirst();
  expect(first.outcomes).toMatchObject({ created: 3, updated: 1 });

  const undone = await undo(first);
  expect(undone).toMatchObject({
    status: 'completed',
    outcomes: { archived: 3, removed: 1 },
    undo: { number: 1, by: 'Kim' },
    notArchived: { not_created: 1 },
    remains: { overwritten: 1, forgotten: 0, reached: 4 },
    mismatches: [],
  });
  expect(audience()).toMatchObject({
    [FIRST]: { status: 'subscribed', tags: ['Other tool'], mergeFields: { FNAME: 'First000001' } },
    [SECOND]: GONE,
    [THIRD]: GONE,
    [FOURTH]: GONE,
  });
});

test('undo gives every contact what it had: values, tags taken off and added, and a second one changes nothing', async () => {
  await exportFirst();
  const before = audience();
  const second = await exportSecond();
  expect(second.outcomes).toMatchObject({ created: 1, updated: 3, removed: 1 });

  const undone = await undo(second);
  expect(undone).toMatchObject({
    status: 'completed',
    outcomes: { updated: 4, archived: 1 },
    remains: { overwritten: 0, forgotten: 0, reached: 2 },
    mismatches: [],
  });
  const { [FIFTH]: fifth, ...others } = audience();
  expect(others).toEqual(before);
  expect(fifth).toMatchObject(GONE);

  const sent = writes();
  const again = await undo(second);
  expect(again).toMatchObject({ status: 'completed', outcomes: { unchanged: 4, updated: 0 }, guards: [] });
  expect(again.remains).toEqual(undone.remains);
  expect(writes()).toBe(sent);
});

test('who acted since stays as they chose: opted out, tagged by another tool, archived by others', async () => {
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
  const first = await stage.export();
  expect(first.outcomes.created).toBe(4);
  act(FIRST, 'unsubscribe');
  act(SECOND, 'tag', { tag: 'Other tool' });
  act(THIRD, 'archive');

  const undone = await undo(first);
  expect(undone).toMatchObject({
    status: 'completed',
    outcomes: { archived: 1, removed: 2, suppressed: 1 },
    notArchived: { opted_out: 1, foreign_tags: 1 },
  });
  expect(audience()).toMatchObject({
    [FIRST]: { status: 'unsubscribed', tags: [] },
    [SECOND]: { status: 'subscribed', tags: ['Other tool'] },
    [THIRD]: { status: 'archived', tags: ['VIP'] },
    [FOURTH]: GONE,
  });
});

test('the next export is held, since it may send the same again, until it is approved', async () => {
  await exportFirst();
  const second = await exportSecond();
  await undo(second);

  expect((await stage.plan()).guards).toMatchObject([{ code: 'UNDO', number: 5 }]);
  const started = await stage.client.start(stage.destinationId);
  const held = await heldPlan();
  expect(held.guards).toMatchObject([{ code: 'UNDO' }]);
  expect(held.guards[0]?.message).toContain('Export 2 was taken back by Kim');
  await (await stage.running()).deny({ planId: held.planId, by: 'Kim' });
  expect(await stage.follow(started.id)).toMatchObject({ status: 'denied' });

  const again = await stage.client.start(stage.destinationId);
  await (await stage.running()).approve({ planId: (await heldPlan()).planId, by: 'Ada' });
  expect(await stage.follow(again.id)).toMatchObject({
    status: 'completed',
    outcomes: { updated: 4, removed: 1 },
  });
  expect((await exportFirst()).guards).toEqual([]);
});

test('an undo is taken back like an export', async () => {
  await exportFirst();
  const second = await exportSecond();
  const after = audience();
  const undone = await undo(second);
  expect(await undo(undone)).toMatchObject({ status: 'completed', outcomes: { updated: 4, removed: 1 } });
  expect(audience()).toEqual(after);
});

const heldPlan = () =>
  until(async () => {
    const { state } = (await stage.progress()) ?? {};
    return state?.kind === 'held' && state.held;
  });
