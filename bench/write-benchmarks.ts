import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { drawChart } from './chart';
import type { Figures } from './figures';
import { bytes, count } from './numbers';
import { describeFigures, table } from './tables';
import { judgeTargets } from './targets';

/** From `dist-bench/bench`. */
const ROOT = resolve(__dirname, '../..');
const CHART = 'bench/cost-against-size.svg';

/** Writes BENCHMARKS.md and its chart. */
export async function writeBenchmarks(figures: Figures): Promise<void> {
  await writeFile(join(ROOT, CHART), drawChart(figures));
  await writeFile(join(ROOT, 'BENCHMARKS.md'), describe(figures));
}

function describe(figures: Figures): string {
  const { machine, command, at, seconds } = figures;
  const targets = judgeTargets(figures);
  return `# Benchmarks

Written by the bench itself. What each figure means, and how it is measured, tells \`npm run bench -- --help\`.

- Machine: ${machine.cores} × ${machine.cpu}, ${bytes(machine.memoryBytes)} of memory, ${machine.system}, Node ${machine.node}; Temporal
  server, worker and Mailchimp sandbox all on it
- Command: \`${command}\`, on ${at}; took ${count(seconds / 60)} minutes
- DuckDB in the worker: 256 MB, 2 threads; batch lane; direct lane with 4 connections, 10 where operations take 100 ms

After every first export, and after the changed one, the audience was compared with the source files, person by person: no difference.

![Cost against size](${CHART})

## Targets

${table(
  ['target', 'found', 'reached'],
  targets.map(({ target, found, isReached }) => [target, found, isReached ? 'yes' : '**no**']),
)}

## Figures

${describeFigures(figures)}
`;
}
