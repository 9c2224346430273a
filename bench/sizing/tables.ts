import { bytes, count } from '../numbers';
import { table } from '../tables';
import type { SizingFigures } from './measure-sizing';

export const SIZING_TITLE = '### 9. Workers and object stores';

const MOST_PROFILES = 1_000_000;

/** The section of BENCHMARKS.md. */
export function describeSizing({ machine, at, seconds, workers, stores }: SizingFigures): string {
  const most = Math.max(...stores.map(({ profiles }) => profiles));
  const only = most < MOST_PROFILES ? ` --profiles ${most}` : '';
  return `${SIZING_TITLE}

\`npm run bench -- --sizing${only} --write\`, on ${at}, on ${machine.cores} × ${machine.cpu}; took ${count(seconds / 60)} minutes. First exports in the direct lane without delay that run at the same time in
one worker: its peak memory.

${table(
  ['profiles of each', 'exports at once', 'peak RSS'],
  workers.map((worker) => [count(worker.profiles), count(worker.exports), bytes(worker.peakRss)]),
)}

Requests to an object store (moto, as S3), of one export in the direct lane. writes: objects that are created, and the parts of those of more than 8 MB. Looks at the claim, about one a second
while an export sends, are not in the table.

${table(
  ['profiles', 'export', 'writes', 'lists', 'reads', 'deletes', 'up', 'down'],
  stores.map(({ profiles, what, requests }) => [
    count(profiles),
    what,
    count(requests.writes),
    count(requests.lists),
    count(requests.reads),
    count(requests.deletes),
    bytes(requests.bytesUp),
    bytes(requests.bytesDown),
  ]),
)}
`;
}
