import { expect, test } from '@jest/globals';
import { live, LONGEST_MS, withFolder } from './life';
import { Server } from './processes';
import type { Tally } from './weather';

/** Without `npm run chaos`: the seeds and the time of CI. */
const { CHAOS_SEED: seed = '1', CHAOS_MINUTES: minutes = '2', CHAOS_AT_ONCE: atOnce = '2' } = process.env;
const BUDGET_MS = Number(minutes) * 60_000;

/** For the exports that are running when the time is over: each is waited for. */
const GRACE_MS = 2 * LONGEST_MS;

/** Repeats a seed, with time to spare for what went wrong after so long. */
function commandFor(one: number, tookMs: number): string {
  return `npm run chaos -- --seed ${one} --minutes ${Math.ceil((2 * tookMs) / 60_000)}`;
}

function inWords(tally: Tally): string {
  const { exports = 0, ...others } = Object.fromEntries(tally);
  const lines = Object.entries(others).map(([what, times]) => `${String(times).padStart(6)} ${what}`);
  const sum = Object.values(others).reduce((all, times) => all + times, 0);
  return `${exports} exports as in the model, through ${sum} faults, blows and deeds:\n${lines.join('\n')}\n`;
}

test(
  `every export is as in the model, through ${minutes} minutes of faults, freezes and kills from seed ${seed}`,
  async () => {
    const tally: Tally = new Map();
    const failures: string[] = [];
    let next = Number(seed);
    await withFolder(async (folder) => {
      const server = await Server.start(folder);
      const startedAt = performance.now();
      const goesOn = () => performance.now() - startedAt < BUDGET_MS && failures.length === 0;
      const work = async () => {
        while (goesOn()) {
          const one = next++;
          const bornAt = performance.now();
          await live({ seed: one, server, tally, goesOn }).catch((error: Error) => {
            failures.push(`${commandFor(one, performance.now() - bornAt)}\n${error.stack}`);
          });
        }
      };
      try {
        await Promise.all(Array.from({ length: Number(atOnce) }, work));
      } finally {
        await server.close();
      }
    });
    process.stdout.write(inWords(tally));
    expect(failures).toEqual([]);
    expect(tally.get('exports')).toBeGreaterThan(0);
  },
  BUDGET_MS + GRACE_MS,
);
