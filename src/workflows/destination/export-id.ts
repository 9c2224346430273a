import { uuid4, workflowInfo } from '@temporalio/workflow';
import type { Destination } from './live-destination';
import type { Job } from './state';

/**
 * The id of a job: a UUID, made of what the history has. `uuid4` takes the next numbers of a sequence that interceptors of the host may
 * share: those that trace use it for queries and for checks of updates, which no replay repeats, and the replay then has another id
 * (https://github.com/temporalio/sdk-typescript/issues/2023).
 */
export function newExportId(
  { age, destinationId }: Destination,
  { kind, number }: Pick<Job, 'kind' | 'number'>,
): string {
  if (!age.derivesIds) return uuid4();
  const { firstExecutionRunId } = workflowInfo();
  // A time, since a run that was reset gives the same numbers a second time.
  return uuidOf([firstExecutionRunId, destinationId, kind, number, Date.now()].join('/'));
}

/** The id of the job that replaces this one: it has at most one such. */
export function successorId(exportId: string): string {
  return exportId[VERSION_AT] === VERSION ? uuidOf(`${exportId}/next`) : uuid4();
}

/** Of UUIDs whose digits have a meaning of our own. */
const VERSION = '8';
const VERSION_AT = 14;

/** Multipliers of MurmurHash3, and two more odd ones: one sequence each. */
const FACTORS = [0xcc9e2d51, 0x1b873593, 0x9e3779b1, 0x85ebca77];

/** The same for the same text. */
export function uuidOf(text: string): string {
  const words = FACTORS.map((factor) => {
    let hash = factor;
    for (const character of text) {
      hash = Math.imul(hash ^ character.codePointAt(0)!, factor);
      hash = (hash << 13) | (hash >>> 19);
    }
    return mixed(hash).toString(16).padStart(8, '0');
  });
  const [, first, second, third, fourth, last] =
    /^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/.exec(words.join('')) ?? [];
  return `${first}-${second}-${VERSION}${third}-a${fourth}-${last}`;
}

/** Each bit of the result depends on all bits: the finalizer of MurmurHash3. */
function mixed(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
