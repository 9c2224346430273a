import { expect, test } from '@jest/globals';
import * as fc from '../support/fast-check';
import type { RowResult } from '../../src/contract/plan';
import { classified } from '../../src/contract/row-class';
import { apply, type AudienceModel, expectedAudience, plain } from './audience';
import {
  emailsOf,
  type Exported,
  exportAll,
  openStage,
  type Profile,
  type Respond,
  rowsOf,
  type Stage,
} from './stage';

const profile: fc.Arbitrary<Omit<Profile, 'key'>> = fc.record({
  email: fc.constantFrom(
    'a@mail.test',
    'A@mail.test ',
    'b@mail.test',
    'c@mail.test',
    'd@mail.test',
    'nobody',
    null,
  ),
  first: fc.constantFrom('Ann', 'Bo "B"', 'Çelik', '', ' ', null),
  segments: fc.subarray(['vip', 'locals'], { minLength: 1 }),
});

/** A state of the source: never empty, keys unique. */
const source: fc.Arbitrary<readonly Profile[]> = fc
  .uniqueArray(fc.constantFrom('k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'), { minLength: 1 })
  .chain((keys) =>
    fc
      .array(profile, { minLength: keys.length, maxLength: keys.length })
      .map((profiles) => profiles.map((row, index) => ({ ...row, key: keys[index] ?? '' }) as Profile)),
  );

/** Runs the property on stages of their own: one store for each run. */
async function onStage(run: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await openStage();
  try {
    await run(stage);
  } finally {
    await stage.close();
  }
}

/** The numbered chunks are the plan: none is missing, none is in two parts, and each row is in one. */
function expectWhole({ plan, chunks }: Exported): void {
  expect(chunks.map(({ chunk }) => chunk)).toEqual(chunks.map((_, index) => index));
  expect(
    plan.parts.flatMap(({ firstChunk, lastChunk }) =>
      Array.from({ length: lastChunk - firstChunk + 1 }, (_, index) => firstChunk + index),
    ),
  ).toEqual(chunks.map(({ chunk }) => chunk));
  expect(plan.parts.reduce((sum, { rows }) => sum + rows, 0)).toBe(chunks.flatMap(emailsOf).length);
  const upserts = rowsOf(chunks).map(({ email }) => email);
  expect(new Set(upserts).size).toBe(upserts.length);
  const changed = new Set(chunks.flatMap(emailsOf));
  expect(changed.size).toBe(plan.creates + plan.updates + plan.removals);
}

test('applying the difference between two states of the source to the first gives the second, and then nothing is left to send', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(source, { minLength: 2, maxLength: 3 }), (states) =>
      onStage(async (stage) => {
        const audience: AudienceModel = new Map();
        let last: Exported | undefined;
        for (const state of states) {
          const expected = expectedAudience(state, audience);
          last = await exportAll(stage, state, last ? { after: last } : {});
          expectWhole(last);
          for (const chunk of last.chunks) apply(audience, chunk);
          expect(plain(audience)).toEqual(plain(expected));
        }
        const again = await exportAll(stage, states.at(-1) ?? [], last ? { after: last } : {});
        expect(again.plan.chunks).toBe(0);
      }),
    ),
    { numRuns: 8 },
  );
});

type Fate = { readonly result: RowResult['result']; readonly isApplied: boolean };

const CLASS_OF = {
  acknowledged: {},
  unproven: classified('no_answer'),
  rejected: classified('fake'),
  suppressed: classified('cleaned'),
  throttled: classified('too_many_signups'),
};

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ result: 'acknowledged', isApplied: true } as const) },
  fc.record({ result: fc.constant('unproven' as const), isApplied: fc.boolean() }),
  fc.record({
    result: fc.constantFrom('rejected' as const, 'suppressed' as const, 'throttled' as const),
    isApplied: fc.constant(false),
  }),
);

test('the sums add up whatever comes back, and once all is acknowledged the audience is as the source', async () => {
  await fc.assert(
    fc.asyncProperty(source, source, fc.infiniteStream(fate), (before, after, fates) =>
      onStage(async (stage) => {
        const audience: AudienceModel = new Map();
        const respond: Respond = (email, chunk) => {
          const { result, isApplied } = fates.next().value as Fate;
          if (isApplied) apply(audience, chunk, (other) => other === email);
          return { result, ...CLASS_OF[result], text: '' };
        };
        const first = await exportAll(stage, before, { respond });
        const second = await exportAll(stage, after, { after: first, respond });
        for (const { settlement, plan } of [first, second]) {
          const sum = Object.values(settlement.outcomes).reduce((total, count) => total + count, 0);
          expect(sum).toBe(settlement.selected + settlement.departed);
          settlement.segments.forEach(({ tagged, untagged, failed }, index) => {
            const planned = plan.segments[index];
            expect(tagged + untagged + failed).toBe((planned?.toTag ?? 0) + (planned?.toUntag ?? 0));
            expect(Math.min(tagged, untagged, failed)).toBeGreaterThanOrEqual(0);
          });
        }
        const third = await exportAll(stage, after, { after: second });
        for (const chunk of third.chunks) apply(audience, chunk);
        const refused = new Set(
          (
            await stage.staging.readFailures(third.ref, { outcomes: ['rejected', 'suppressed', 'throttled'] })
          ).map(({ email }) => email?.trim().toLowerCase()),
        );
        const isClear = ([email]: readonly [string, unknown]): boolean => !refused.has(email);
        const expected = [...expectedAudience(after, audience)].filter(isClear);
        expect(plain(new Map([...audience].filter(isClear)))).toEqual(plain(new Map(expected)));
      }),
    ),
    { numRuns: 8 },
  );
});
