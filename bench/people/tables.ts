import { bytes, count, ratio, seconds } from '../numbers';
import { table } from '../tables';
import type { PeopleFigures, SizeOfPeople } from './measure-people';

export const PEOPLE_TITLE = '### 8. Verify an audience, and forget a person';

/** The section of BENCHMARKS.md. */
export function describePeople({ machine, at, seconds: took, load, sizes }: PeopleFigures): string {
  const only = sizes.length === 1 ? ` --profiles ${sizes[0]!.profiles}` : '';
  return `${PEOPLE_TITLE}

\`npm run bench -- --people${only} --write\`, on ${at}, on ${machine.cores} × ${machine.cpu}; took ${count(took / 60)} minutes. The profiles of the other sections, exported once, in the direct lane
without delay. census: an export that reads the whole audience again. verify: a verification, which reads the same members with their values, and compares them. forget:
one person, kept out, in a store with both exports and the verification. Memory: the worker's peak in that step. Load of the machine: ${load.toFixed(1)}; beyond about four, other work ran beside it, and the
seconds are too many.

${figuresTable(sizes)}

${targetsTable(sizes)}
`;
}

function figuresTable(sizes: readonly SizeOfPeople[]): string {
  return table(
    [
      'profiles',
      'contacts',
      'census',
      'verify',
      'of it reading',
      'comparing',
      'memory',
      'forget',
      'files',
      'memory',
    ],
    sizes.map((size) => [
      count(size.profiles),
      count(size.contacts),
      seconds(size.censusSeconds),
      seconds(size.verifySeconds),
      seconds(size.readSeconds),
      seconds(size.compareSeconds),
      bytes(size.verifyRss),
      seconds(size.forgetSeconds),
      count(size.forgottenFiles),
      bytes(size.forgetRss),
    ]),
  );
}

const VERIFY_BEYOND_SECONDS = 20;
const FORGET_SECONDS = 60;
const MEMORY_RATIO = 1.2;

const isMet = (is: boolean) => (is ? 'yes' : '**no**');

function targetsTable(sizes: readonly SizeOfPeople[]): string {
  const [small, large] = [sizes[0]!, sizes.at(-1)!];
  const profiles = count(large.profiles);
  const beyond = large.verifySeconds - large.censusSeconds;
  const growth = large.forgetRss / small.forgetRss;
  return table(
    ['target', 'found', 'reached'],
    [
      [
        `verify ${profiles}: at most ${VERIFY_BEYOND_SECONDS} s more than the census`,
        seconds(beyond),
        isMet(beyond <= VERIFY_BEYOND_SECONDS),
      ],
      [
        `forget in a store of ${profiles}: at most ${FORGET_SECONDS} s`,
        seconds(large.forgetSeconds),
        isMet(large.forgetSeconds <= FORGET_SECONDS),
      ],
      ...(small === large
        ? []
        : [
            [
              `peak RSS of a forget at ${profiles}: at most ${MEMORY_RATIO} times that of ${count(small.profiles)}`,
              ratio(growth),
              isMet(growth <= MEMORY_RATIO),
            ],
          ]),
    ],
  );
}
