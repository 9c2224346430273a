import type { Chunk, RowResult } from '../../contract/plan';

interface Withheld {
  /** What may be sent. */
  readonly chunk: Chunk;
  /** The results of the rows that are withheld. */
  readonly withheld: readonly RowResult[];
}

/** Withholds also the rows of addresses that were put on a suppression list since the plan was made. */
export function withholdSuppressed({ chunk, withheld }: Withheld, suppressed: ReadonlySet<string>): Withheld {
  if (chunk.kind === 'untag' || suppressed.size === 0) return { chunk, withheld };
  const rows = chunk.rows.filter(({ email }) => !suppressed.has(email));
  const left = chunk.rows.filter(({ email }) => suppressed.has(email));
  return {
    chunk: { ...chunk, rows },
    withheld: [...withheld, ...left.map(({ email }) => suppressedResult(chunk.chunk, email))],
  };
}

export function suppressedResult(chunk: number, email: string): RowResult {
  return { chunk, email, result: 'suppressed', class: 'suppression_list' };
}
