import { join } from 'node:path';
import { openDatabase } from '../duckdb/open';
import { quoteText } from '../duckdb/quote';
import type { SegmentSource } from '../ports/source';
import type { SourceOptions } from './options';
import { withScratchFolder } from './scratch-folder';

export interface Preview {
  /** Profiles in the segment. */
  readonly profiles: number;
  readonly attributes: readonly string[];
  /** Values in the order of `attributes`; null for an empty one. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/**
 * The first profiles of a segment, as an export would read them. Reads the whole source, as an export does.
 * @throws ExportError as `SegmentSource.extract`
 */
export async function previewSegment(
  source: SegmentSource,
  { segment, limit }: { readonly segment: string; readonly limit: number },
  options: Pick<SourceOptions, 'scratch' | 'memoryLimit'>,
): Promise<Preview> {
  const { attributes } = await source.describe();
  return withScratchFolder(options, async (into) => {
    const { selected } = await source.extract({ attributes, segments: [segment], into });
    const database = await openDatabase({
      folder: into,
      memoryLimit: options.memoryLimit,
      threads: 1,
      allow: [into],
    });
    try {
      const columns = attributes.map((_, index) => `a${index}`);
      const file = quoteText(join(into, 'profiles.parquet'));
      const found = await database.rows<Record<string, string | null>>(
        `SELECT ${['key', ...columns].join(', ')} FROM read_parquet(${file}) LIMIT ${limit}`,
      );
      const rows = found.map((row) => columns.map((column) => row[column] ?? null));
      return { profiles: selected, attributes, rows };
    } finally {
      await database.close();
    }
  });
}
