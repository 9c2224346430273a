import { expect, test } from '@jest/globals';
import { live, withFolder } from './life';
import { Server } from './processes';
import type { Tally } from './weather';

/** Without `CHAOS_SEED`: the seeds of CI. */
const { CHAOS_SEED: seed = '1', CHAOS_MINUTES: minutes = '2', CHAOS_AT_ONCE: atOnce = '2' } = process.env;
const MINUTES = Number(minutes);

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
    const endMs = performance.now() + MINUTES * 60_000;
    let next = Number(seed);
    await withFolder(async (folder) => {
      const server = await Server.start(folder);
      const work = async () => {
        while (performance.now() < endMs && failures.length === 0) {
          const one = next++;
          await live({ seed: one, server, tally, endMs }).catch((error: Error) => {
            failures.push(`npm run chaos -- --seed ${one} --minutes 5\n${error.stack}`);
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
  MINUTES * 60_000 + 600_000,
);
