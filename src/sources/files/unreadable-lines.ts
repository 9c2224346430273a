import type { UnreadableLines } from '../../ports/source';
import { FAULTS_SHOWN, type TextTable, type UnreadableCount } from './table';

/** Rows of one table whose key is empty. */
export interface EmptyKeys {
  readonly table: string;
  readonly column: string;
  readonly counts: readonly UnreadableCount[];
}

/** What could not be used of each file, after the tables were read. */
export async function collectUnreadable(
  tables: readonly (TextTable & { readonly id: string })[],
  emptyKeys: EmptyKeys,
): Promise<UnreadableLines[]> {
  const reports = new Map<string, UnreadableLines>();
  for (const table of tables) {
    for (const file of table.files) {
      const ofFile = ({ path }: UnreadableCount) => path === file.path;
      const emptyKeysOfFile = table.id === emptyKeys.table ? emptyKeys.counts.filter(ofFile) : [];
      const counts = [...table.unreadable.filter(ofFile), ...emptyKeysOfFile];
      const lines = counts.reduce((sum, count) => sum + count.lines, 0);
      // A file may serve two tables: its lines are to be counted once.
      if (lines === 0 || lines <= (reports.get(file.path)?.lines ?? 0)) continue;
      const key = emptyKeysOfFile.length > 0 ? emptyKeys.column : undefined;
      const known = counts.flatMap(({ first = [] }) => first);
      const isKnown = counts.every(({ first }) => first !== undefined);
      const located = isKnown ? [] : await table.locate(file, key);
      const first = [...known, ...located].toSorted((a, b) => a.line - b.line).slice(0, FAULTS_SHOWN);
      reports.set(file.path, { file: file.name, lines, first });
    }
  }
  return [...reports.values()];
}
