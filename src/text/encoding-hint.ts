import type { UnreadableLines } from '../ports/source';

/** What to set where lines are unreadable because of their encoding; '' where none is. Begins with a space. */
export function encodingHint(unreadable: readonly UnreadableLines[]): string {
  const files = unreadable
    .filter(({ first }) => first.some(({ fault }) => fault === 'INVALID ENCODING'))
    .map(({ file }) => file);
  if (files.length === 0) return '';
  const are = files.length === 1 ? 'is' : 'are';
  return ` ${files.join(', ')} ${are} not in the configured encoding: set csv.encoding, probably to windows-1252.`;
}
