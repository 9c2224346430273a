import { expect } from '@jest/globals';
import * as fc from '../support/fast-check';
import { cases, type Case } from './arbitrary';
import { DEFAULT_SWITCHES } from '../../src/sandbox';
import { endsOf } from './conditions';
import { inWords } from './words';

/** No case begins later than this, also none of those that make a failing case smaller. The test ends at 900 s. */
const MAX_MS = 800_000;

/**
 * Runs random cases. `MODEL_SEED` and `MODEL_PATH` repeat one, `MODEL_RUNS` says how many. With `MODEL_QUICK`, a failing case is not
 * made smaller, and what occurred is printed.
 * @returns how often each outcome, and each end of a switch, occurred
 */
export async function checkCases(
  runs: number,
  run: (given: Case) => Promise<readonly string[]>,
): Promise<ReadonlyMap<string, number>> {
  const { MODEL_SEED: seed, MODEL_PATH: path, MODEL_RUNS: asked } = process.env;
  const seen = new Map<string, number>();
  const end = performance.now() + MAX_MS;
  let done = 0;
  const property = fc.asyncProperty(cases, async (given) => {
    if (performance.now() > end) return;
    done += 1;
    const outcomes = await run(given);
    for (const what of [...outcomes, ...endsOf({ ...DEFAULT_SWITCHES, ...given.switches })])
      seen.set(what, (seen.get(what) ?? 0) + 1);
  });
  const details = await fc.check(property, {
    numRuns: Number(asked ?? runs),
    ...(seed && { seed: Number(seed) }),
    ...(path && { path, endOnFailure: true }),
    ...(process.env['MODEL_QUICK'] && { endOnFailure: true }),
  });
  if (process.env['MODEL_QUICK']) console.log(done, seen);
  if (!details.failed) return seen;
  const [given] = details.counterexample ?? [];
  const { stack } = details.errorInstance as Error;
  throw new Error(
    `MODEL_SEED=${details.seed} MODEL_PATH=${details.counterexamplePath} ${jestCommand()}\n${given ? inWords(given) : ''}\n${stack}`,
  );
}

/** Runs the current test file again. */
export function jestCommand(): string {
  const file = expect.getState().testPath?.replace(`${process.cwd()}/`, '') ?? 'test/model';
  const [, kind] = /\.(long|release)\.test\.ts$/.exec(file) ?? [];
  return kind ? `npx jest --config jest.${kind}.config.js ${file}` : `npx jest ${file}`;
}
