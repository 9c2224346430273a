import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { cases, type Case } from './arbitrary';
import { runCase } from './run-case';
import type { Order, Step } from './steps';
import { openTemporalDriver } from './temporal-driver';
import { inWords } from './words';

const CASES = 24;
const AT_ONCE = 6;

/** After so long no further case is begun. */
const MAX_MS = 130_000;

/** These take half an hour until they are seen for what they are, and a server's time is real. */
const SLOW: readonly string[] = ['a stuck batch', 'a batch that is stuck when all is done'];

function withoutSlow(step: Step): Step {
  if (step.do !== 'export') return step;
  const { trouble, cancelled: _, answer: asked, ...others } = step.order;
  // Nobody waits for a day here.
  const answer = asked === 'expired' ? 'denied' : asked;
  const rest = { ...others, answer };
  const order: Order = trouble === undefined || SLOW.includes(trouble) ? rest : { ...rest, trouble };
  return { do: 'export', order };
}

async function runThroughTemporal(given: Case): Promise<void> {
  const steps = given.steps.filter((step) => step.do !== 'wait').map(withoutSlow);
  await runCase({ ...given, steps }, (world, { switches }) => openTemporalDriver(world, switches));
}

test('through Temporal, audience, outcomes and baseline are those of the model', async () => {
  const { MODEL_SEED, MODEL_PATH } = process.env;
  const seed = Number(MODEL_SEED ?? Date.now() % 1_000_000);
  const all = [...fc.sample(cases, { seed, numRuns: CASES }).entries()];
  const queue = all.filter(([index]) => MODEL_PATH === undefined || index === Number(MODEL_PATH)).values();
  const end = performance.now() + MAX_MS;
  const failures: string[] = [];
  const work = async () => {
    for (const [index, given] of queue) {
      if (performance.now() > end) return;
      await runThroughTemporal(given).catch((error: Error) =>
        failures.push(
          `MODEL_SEED=${seed} MODEL_PATH=${index} npx jest test/model/temporal.test.ts\n${inWords(given)}\n${error.stack}`,
        ),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(failures).toEqual([]);
}, 400_000);
