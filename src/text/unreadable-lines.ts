import type { UnreadableLines } from '../ports/source';

const FILES_SHOWN = 10;

/** Where the lines are, one file a line. Bounded, since a table may have thousands of files. */
export function listUnreadable(unreadable: readonly UnreadableLines[]): string {
  const more = unreadable.length - FILES_SHOWN;
  return unreadable
    .slice(0, FILES_SHOWN)
    .map(
      ({ file, lines, first }) =>
        `${file}: ${lines}${first.length > 0 ? ` (${first.map(({ line, fault }) => `line ${line}: ${fault}`).join('; ')})` : ''}`,
    )
    .concat(more > 0 ? [`and ${more} more files`] : [])
    .join('\n  ');
}

const ADVICE: readonly (readonly [faults: readonly string[], advice: string])[] = [
  [['INVALID ENCODING'], 'not in the configured encoding: set csv.encoding, probably to windows-1252'],
  [
    ['MISSING COLUMNS', 'TOO MANY COLUMNS'],
    'lines with another number of values than columns: put values that contain the delimiter between quotes, or set csv.delimiter',
  ],
  [
    ['UNQUOTED VALUE'],
    'quotes within quoted values: double them, or set csv.quote and csv.escape to what the file has',
  ],
  [['LINE SIZE OVER MAXIMUM'], 'lines of more than 2 MB: look for a quote that is open there'],
  [['INVALID JSON', 'NOT AN OBJECT'], 'lines that are no JSON object: write one object on each line'],
  [['EMPTY KEY'], 'rows without a key: fill it, or delete them'],
];

/** What to do about unreadable lines; '' where nothing is known. Begins with a space. */
export function adviseUnreadable(unreadable: readonly UnreadableLines[]): string {
  return ADVICE.flatMap(([faults, advice]) => {
    const files = unreadable
      .filter(({ first }) => first.some(({ fault }) => faults.includes(fault)))
      .map(({ file }) => file);
    const [file, ...others] = new Set(files);
    if (file === undefined) return [];
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    return [` ${file}${more}: ${advice}.`];
  }).join('');
}
