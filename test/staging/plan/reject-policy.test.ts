import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { classified } from '../../../src/contract/row-class';
import { emailsOf, exportAll, FAKE, openStage, refuseBob, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['vip'] };
const UNKNOWN = { ...classified('unknown'), text: 'something new' };

const sent = ({ chunks }: Awaited<ReturnType<typeof exportAll>>) => chunks.flatMap(emailsOf);

test('a refused row is sent again by the next export where its policy says so', async () => {
  const rejects = { fake: 'next_export' } as const;
  const first = await exportAll(stage, [ANNA, BOB], { rejects, respond: refuseBob(FAKE) });
  const second = await exportAll(stage, [ANNA, BOB], { rejects, after: first, respond: refuseBob(FAKE) });
  expect(sent(second)).toEqual(['bob@mail.test']);
  expect(second.settlement.outcomes).toMatchObject({ rejected: 1, unchanged: 1 });
});

test('a refused row is sent again after the days of its policy, and sooner only if it changes', async () => {
  const rejects = { unknown: { afterDays: 3 } } as const;
  const first = await exportAll(stage, [ANNA, BOB], { rejects, respond: refuseBob(UNKNOWN) });
  const [refusal] = await stage.staging.readRefusals(first.ref, {});
  expect(Date.parse(refusal!.retryAt!) - Date.parse(refusal!.since)).toBe(3 * 24 * 60 * 60_000);
  const second = await exportAll(stage, [ANNA, BOB], { rejects, after: first });
  expect(second.plan).toMatchObject({ chunks: 0, decided: { rejected: 1 }, leftOut: { unknown: 1 } });
  const changed = await exportAll(stage, [ANNA, { ...BOB, first: 'Rob' }], { rejects, after: second });
  expect(sent(changed)).toEqual(['bob@mail.test']);
  stage.wait(3);
  expect(sent(await exportAll(stage, [ANNA, BOB], { rejects, after: second }))).toEqual(['bob@mail.test']);
});

test.each(['until_changed', 'hold'] as const)(
  'a refused row is remembered with the policy %s',
  async (policy) => {
    const rejects = { unknown: policy };
    const first = await exportAll(stage, [ANNA, BOB], { rejects, respond: refuseBob(UNKNOWN) });
    stage.wait(300);
    const second = await exportAll(stage, [ANNA, BOB], { rejects, after: first });
    expect(second.plan).toMatchObject({ chunks: 0, leftOut: { unknown: 1 } });
    expect(await stage.staging.liftRefusals(second.ref, {})).toBe(1);
    expect(sent(await exportAll(stage, [ANNA, BOB], { rejects, after: second }))).toEqual(['bob@mail.test']);
  },
);

test('a policy counts for rows that were refused before it was set, and its end as well', async () => {
  const first = await exportAll(stage, [ANNA, BOB], { respond: refuseBob(FAKE) });
  const rejects = { fake: 'next_export' } as const;
  expect(sent(await exportAll(stage, [ANNA, BOB], { rejects, after: first }))).toEqual(['bob@mail.test']);
  const held = { unknown: 'hold' } as const;
  const kept = await exportAll(stage, [ANNA, BOB], { rejects: held, respond: refuseBob(UNKNOWN) });
  expect(sent(await exportAll(stage, [ANNA, BOB], { after: kept }))).toEqual(['bob@mail.test']);
});
