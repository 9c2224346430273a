import { ExportError } from '../errors';
import { suggest } from '../sources/suggest';

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
  // One of the options of MailchimpPlugin is in no file, so that no command can read it.
  const ofWorker =
    what === 'source'
      ? ' Of a source that only the worker has, this command does not know: use destination connect and destination configure, which ask the worker.'
      : '';
  throw new ExportError(code, `The ${missing} Correct the name, or add it there.${ofWorker}`);
}
