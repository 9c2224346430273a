import { ExportError } from '../errors';

/** @throws ExportError with the names that exist */
export function findEntry<Entry>(
  entries: Readonly<Record<string, Entry>>,
  name: string,
  code: 'ACCOUNT_NOT_FOUND' | 'SOURCE_NOT_FOUND',
): Entry {
  // Own properties only: every object has a "constructor".
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry !== undefined) return entry;
  const what = code === 'ACCOUNT_NOT_FOUND' ? 'account' : 'source';
  throw new ExportError(
    code,
    `The worker's configuration has no ${what} "${name}". It has: ${Object.keys(entries).join(', ') || '(none)'}. Add it there and restart the worker.`,
  );
}
