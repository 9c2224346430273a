import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { VERSION } from '../../contract/version';

/**
 * Writes what a report about a bug needs to a file that only its user can read: a trace may contain rows. Synchronous, since the
 * process ends next.
 * @returns the path; undefined when it could not be written
 */
export function writeTrace(error: unknown): string | undefined {
  try {
    const file = join(mkdtempSync(join(tmpdir(), 'temporal-mailchimp-')), 'trace.txt');
    const about = `temporal-mailchimp ${VERSION}, Node ${process.version}, ${process.platform} ${process.arch}`;
    writeFileSync(file, `${about}\n\n${inspect(error)}\n`, { mode: 0o600 });
    return file;
  } catch {
    // No space or no right: then the trace itself is printed.
    return undefined;
  }
}
