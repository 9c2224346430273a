import { count, ratio, seconds } from '../numbers';
import { table } from '../tables';
import type { SourcesFigures } from './measure-sources';

export const SOURCES_TITLE = '### 11. Read the profiles of each kind of source';

/** What PostgreSQL may take of the time that the same profiles take from CSV files. */
const MOST_OF_POSTGRES = 1.5;

/** The section of BENCHMARKS.md. */
export function describeSources({ machine, at, seconds: took, load, ...figures }: SourcesFigures): string {
  const csv = figures.kinds[0]!.seconds;
  const rows = figures.kinds.map(({ kind, seconds: own }) => [kind, seconds(own), ratio(own / csv)]);
  const postgres = figures.kinds.find(({ kind }) => kind === 'postgres')!.seconds / csv;
  return `${SOURCES_TITLE}

\`npm run bench -- --sources --write\`, on ${at}, on ${machine.cores} × ${machine.cpu}; took ${count(took / 60)} minutes. ${count(figures.profiles)} profiles with
eight columns, in ${count(figures.segments)} segments with ${count(figures.memberships)} members: from the source to a snapshot, the median of ${count(figures.runs)} readings in turns. cdm: as Customer
Insights exports them, in eight files a table. s3: the same CSV files, which an emulator (moto) serves. sql: names and addresses of a file, joined with the rest in PostgreSQL.
dataverse: from a fake of its API on this machine, 5,000 rows a page, without a network's waits. Load of the machine: ${load.toFixed(1)}; beyond about four, other work ran beside it, and the
seconds are too many.

${table(['source', 'seconds', 'times csv'], rows)}

${table(
  ['target', 'found', 'reached'],
  [
    [
      `postgres: at most ${MOST_OF_POSTGRES} times csv`,
      ratio(postgres),
      postgres <= MOST_OF_POSTGRES ? 'yes' : '**no**',
    ],
  ],
)}
`;
}
