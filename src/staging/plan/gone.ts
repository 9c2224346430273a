import { join } from 'node:path';
import type { Database } from '../../duckdb/database';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { quoteText } from '../../duckdb/quote';
import { BASELINE_ROWS, GONE_ROWS } from '../store/documents';
import { DELETED } from './permanent-refusals';

interface MissingInput {
  /** Path of what is known of the baseline, as `writeGone` has written it. Undefined: a version wrote the baseline that did not keep it. */
  readonly gone: string | undefined;
  /** Path of this export's census, or of its list of opt-outs. */
  readonly listed: string;
}

/**
 * Creates the view `missing`: addresses of the baseline that an earlier reading did not find in the audience, and that are in no list of this export:
 * no list of opt-outs has contacts that were deleted.
 */
export async function createMissing(database: Database, { gone, listed }: MissingInput): Promise<void> {
  const from = gone
    ? `(SELECT address FROM read_parquet(${quoteText(gone)}) WHERE status IS NULL)`
    : '(SELECT NULL::VARCHAR AS address WHERE false)';
  await database.run(`
    CREATE VIEW missing AS SELECT address FROM ${from} ANTI JOIN read_parquet(${quoteText(listed)}) USING (address)`);
}

interface GoneInput {
  readonly listed: string;
  /** SQL: addresses that this export has sent and Mailchimp has acknowledged, with the status in the reply. */
  readonly acknowledged: string;
  /** Folder with the rows of the next baseline. */
  readonly into: string;
}

/**
 * Writes `gone.parquet`: the contacts of the next baseline with a tag of ours that are not in the audience, as far as known: `address`, `status`
 * VARCHAR: archived; null: deleted. A verification replaces it by what it has read, with the contacts that have opted out. Needs `missing`.
 *
 * A reply is later than the lists, so it decides: who came back from the archive by this export is listed there, and in the audience.
 */
export async function writeGone(
  database: Database,
  { listed, acknowledged, into }: GoneInput,
): Promise<void> {
  await database.run(`
    COPY (
      WITH answered AS MATERIALIZED (${acknowledged}),
      away AS (
        SELECT address, status FROM (
          SELECT address, status FROM read_parquet(${quoteText(listed)}) WHERE status = 'archived'
          UNION ALL SELECT DISTINCT address, NULL FROM missing) ANTI JOIN answered USING (address)
        UNION ALL SELECT address, status FROM answered WHERE status = 'archived')
      SELECT b.address, a.status FROM read_parquet(${quoteText(join(into, BASELINE_ROWS))}) b LEFT JOIN away a ON a.address = b.address
      WHERE len(b.tags) > 0 AND (a.address IS NOT NULL OR b.refused_class IN (${DELETED}))
    ) TO ${quoteText(join(into, GONE_ROWS))} (${COMPACT_ROWS})`);
}
