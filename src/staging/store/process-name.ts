import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isCode } from './local-files';

// Folders with files in progress bear the name of their process, so that others find those of processes that are gone, and touch no other.

/** Systems other than Linux do not say when a process began. */
const UNKNOWN = '0';

const MACHINE = machine();

/** `process-<machine>-<id>-<beginning>`. */
export const PROCESS_NAME = `process-${MACHINE}-${process.pid}-${statOf('self').began}`;

const NAME = /^process-([0-9a-f]{12})-(\d+)-(\d+)$/;

/** `unknown`: it began on another machine, in another container, or before this machine was started: whether it runs cannot be asked here. */
type Fate = 'running' | 'gone' | 'unknown';

/** @returns undefined where it is no name of a process */
export function fateOf(name: string): Fate | undefined {
  const [, on, id = '', began] = NAME.exec(name) ?? [];
  if (on === undefined) return undefined;
  if (on !== MACHINE) return 'unknown';
  if (!isTaken(Number(id))) return 'gone';
  const found = statOf(id);
  // A later process may have the same id, and one that has ended may wait for its parent.
  return (found.began !== began && found.began !== UNKNOWN) || found.isOver ? 'gone' : 'running';
}

function isTaken(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return !isCode(error, 'ESRCH');
  }
}

function statOf(id: string): { readonly began: string; readonly isOver: boolean } {
  const text = orNone(() => readFileSync(`/proc/${id}/stat`, 'utf8'));
  // The second field is the name of the program in brackets, which may contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { began: fields[19] ?? UNKNOWN, isOver: fields[0] === 'Z' };
}

function orNone(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Where ids of processes mean the same: containers have their own, and each start of a machine begins with new ones. */
function machine(): string {
  const parts = [
    hostname(),
    orNone(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    orNone(() => readlinkSync('/proc/self/ns/pid')),
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}
