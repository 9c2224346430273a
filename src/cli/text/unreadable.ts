import type { Reason } from '../../contract/reason';

interface Entry {
  readonly id: string;
  readonly unreadable: Reason | undefined;
}

/** Below a list: which entries cannot be read, and why. */
export function unreadableLines(entries: readonly Entry[]): readonly string[] {
  const lines = entries.flatMap(({ id, unreadable }) =>
    unreadable ? [`${id}: ${unreadable.code}: ${unreadable.message}`] : [],
  );
  return lines.length > 0 ? [lines.join('\n')] : [];
}
