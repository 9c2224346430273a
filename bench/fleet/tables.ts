import { bytes, count, ratio, seconds } from '../numbers';
import { table } from '../tables';
import type { FleetFigures } from './measure-fleet';

export const FLEET_TITLE = '### 12. Several accounts on several workers';

const MOST_TIMES = 1.1;

/** The section of BENCHMARKS.md. */
export function describeFleet(figures: FleetFigures): string {
  const { machine, at, load, profiles, accounts, workers, operationMs } = figures;
  const times = figures.seconds / figures.necessarySeconds;
  return `${FLEET_TITLE}

\`npm run bench -- --fleet --profiles ${profiles} --write\`, on ${at}, on ${machine.cores} × ${machine.cpu}. ${accounts} accounts with one destination of ${count(profiles)} profiles each, exported for the
first time and at once, in batches whose operations take ${operationMs} ms one after the other; ${workers} workers with a folder each, and one bucket (the Versity S3 Gateway). One
worker is killed and started again every minute; in the middle, all are replaced, one after the other. necessary: the fewest operations that take the contacts of an audience, one after the other.
Afterwards each audience was compared with the source, contact by contact: no difference. Memory: of the worker process with the most. Everything runs on this one machine; its load: ${load.toFixed(1)}.

${table(
  [
    'accounts',
    'profiles each',
    'workers',
    'killed',
    'replaced',
    'necessary',
    'took',
    'ratio',
    'contacts compared',
    'memory',
  ],
  [
    [
      count(accounts),
      count(profiles),
      count(workers),
      count(figures.kills),
      count(figures.replaced),
      seconds(figures.necessarySeconds),
      seconds(figures.seconds),
      ratio(times),
      count(figures.compared),
      bytes(figures.peakRss),
    ],
  ],
)}

${table(
  ['target', 'found', 'reached'],
  [
    [
      `all exports: at most ${MOST_TIMES} times the necessary time of the slowest account`,
      ratio(times),
      times <= MOST_TIMES ? 'yes' : '**no**',
    ],
  ],
)}
`;
}
