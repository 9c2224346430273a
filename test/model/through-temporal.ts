import * as fc from '../support/fast-check';
import { cases as arbitraryCases, type Case } from './arbitrary';
import { jestCommand } from './check-cases';
import { runCase } from './run-case';
import type { Order, Step } from './steps';
import { openTemporalDriver } from './temporal-driver';
import { inWords } from './words';

const AT_ONCE = 6;

/** No case begins later than this. */
const MAX_MS = 130_000;

/** These are detected after half an hour, and the server does not skip time. */
const SLOW: readonly string[] = ['a stuck batch', 'a batch that is stuck when all is done'];

function withoutSlow(step: Step): Step {
  if (step.do !== 'export') return step;
  const { trouble, cancelled: _, answer: asked, ...others } = step.order;
  // An approval expires after a day.
  const answer = asked === 'expired' ? 'denied' : asked;
  const rest = { ...others, answer };
  const order: Order = trouble === undefined || SLOW.includes(trouble) ? rest : { ...rest, trouble };
  return { do: 'export', order };
}

/** Time does not skip, and the rows of an export that removes its destination are gone when it has ended: workflows/destination/removal.long.test.ts. */
function isPossible(step: Step): boolean {
  return step.do !== 'wait' && (step.do !== 'export' || step.order.removal === undefined);
}

async function runThroughTemporal(given: Case): Promise<void> {
  const steps = given.steps.filter(isPossible).map(withoutSlow);
  await runCase({ ...given, steps }, (world, { switches }) => openTemporalDriver(world, switches));
}

/** Runs random cases, several at once, against a Temporal server; `MODEL_SEED` and `MODEL_PATH` repeat one. @returns failures */
export async function checkThroughTemporal(cases: number): Promise<readonly string[]> {
  const { MODEL_SEED, MODEL_PATH } = process.env;
  const seed = Number(MODEL_SEED ?? fc.readConfigureGlobal().seed ?? Date.now() % 1_000_000);
  const all = [...fc.sample(arbitraryCases, { seed, numRuns: cases }).entries()];
  const queue = all.filter(([index]) => MODEL_PATH === undefined || index === Number(MODEL_PATH)).values();
  const end = performance.now() + MAX_MS;
  const failures: string[] = [];
  const work = async () => {
    for (const [index, given] of queue) {
      if (performance.now() > end) return;
      await runThroughTemporal(given).catch((error: Error) =>
        failures.push(
          `MODEL_SEED=${seed} MODEL_PATH=${index} ${jestCommand()}\n${inWords(given)}\n${error.stack}`,
        ),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failures;
}
