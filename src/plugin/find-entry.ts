import { ExportError } from '../errors';
import { nearest, suggest } from '../sources/suggest';

interface Sought {
  readonly code: 'ACCOUNT_NOT_FOUND' | 'SOURCE_NOT_FOUND';
  /** Whose configuration it is: a worker has to be restarted after a correction, a command reads the file each time. */
  readonly reader: 'worker' | 'command';
}

/** @throws ExportError with the names that exist */
export function findEntry<Entry>(
  entries: Readonly<Record<string, Entry>>,
  name: string,
  { code, reader }: Sought,
): Entry {
  // Own properties only: every object has a "constructor".
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry !== undefined) return entry;
  const what = code === 'ACCOUNT_NOT_FOUND' ? 'account' : 'source';
  const missing = `configuration has no ${what} "${name}". ${suggest(name, Object.keys(entries))}`;
  if (reader === 'worker')
    throw new ExportError(code, `The worker's ${missing} Add it there and restart the worker.`);
  const isMistyped = nearest(name, Object.keys(entries)) !== undefined;
  // Such a source is an object of the host's program, which no command can read.
  const ofWorker =
    what === 'source' && !isMistyped
      ? ' A source in the options of MailchimpPlugin is known to its worker only, which destination connect and destination configure ask.'
      : '';
  throw new ExportError(code, `The ${missing} Correct the name, or add it there.${ofWorker}`);
}
