/** A column of a table, before it is fitted to a page. */
export interface NaturalColumn {
  /** Width of its longest cell. */
  readonly width: number;
  /** Width below which it is not cut: a cut number would be another number. */
  readonly least: number;
  /** Dropped before any other column is cut. */
  readonly isOptional: boolean;
}

/** Columns between two columns. */
export const GAP = 2;

/**
 * Widths for a table that fits on `available` columns; 0: the column is dropped. Optional columns are dropped first, the widest
 * first; then the widest columns are cut, as far as they can be; then columns are dropped from the right.
 */
export function fitColumns(columns: readonly NaturalColumn[], available: number): number[] {
  const widths = columns.map(({ width }) => width);
  const kept = () => columns.flatMap(({ least }, index) => (widths[index]! > 0 ? [{ index, least }] : []));
  const drop = (index: number) => void (widths[index] = 0);
  for (const index of optionalOf(columns)) if (totalOf(widths) > available) drop(index);
  while (kept().length > 1 && totalOf(kept().map(({ least }) => least)) > available)
    drop(kept().at(-1)!.index);
  while (totalOf(widths) > available) {
    const cuttable = kept().filter(({ index, least }) => widths[index]! > least);
    const [widest] = cuttable.toSorted((a, b) => widths[b.index]! - widths[a.index]!);
    if (!widest) break;
    widths[widest.index]!--;
  }
  return widths;
}

/** The widest first. */
function optionalOf(columns: readonly NaturalColumn[]): number[] {
  const optional = columns.flatMap(({ isOptional, width }, index) => (isOptional ? [{ index, width }] : []));
  return optional.toSorted((a, b) => b.width - a.width).map(({ index }) => index);
}

function totalOf(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, shown.length - 1);
}
