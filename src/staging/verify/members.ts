import { join } from 'node:path';
import type { MatchedField } from '../../contract/merge-field';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import type { Database } from '../../duckdb/database';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { createIdn, withAddress } from '../plan/address';
import { STRICTEST_FIRST } from '../plan/census';
import { foundHash } from '../plan/wire-values';

const MEMBERS = 'members.parquet';

/**
 * Puts the pages of the audience together, as the view `member`: a row for each address, with its status, tags, the text of each field, and
 * a hash of it that is comparable with that of the baseline. Of a member that is listed twice, the stricter status counts, as in a census. The
 * texts lie in a file: few of them are read again.
 */
export async function createReadMembers(
  database: Database,
  {
    pages,
    fields,
    folder,
  }: { readonly pages: readonly string[]; readonly fields: readonly MatchedField[]; readonly folder: string },
): Promise<void> {
  const columns = "{email: 'VARCHAR', status: 'VARCHAR', tags: 'INTEGER[]', \"values\": 'VARCHAR[]'}";
  const from = `read_json(${quoteTexts(pages)}, format = 'newline_delimited', columns = ${columns}, filename = true)`;
  await createIdn(database, { from, text: 'email' });
  const values = fields.map((_, index) => `"values"[${index + 1}] AS v${index}`);
  const hashes = fields.map((field, index) => `${foundHash(`"values"[${index + 1}]`, field)} AS h${index}`);
  const file = join(folder, MEMBERS);
  await database.run(`
    COPY (
      SELECT ${['address', 'status', 'tags', ...values, ...hashes].join(', ')},
        regexp_extract(filename, '(\\d+)\\.ndjson$', 1)::INTEGER AS page
      FROM ${withAddress(from, 'email')} WHERE address IS NOT NULL
    ) TO ${quoteText(file)} (${COMPACT_ROWS});
    CREATE VIEW found AS SELECT * FROM read_parquet(${quoteText(file)});
    CREATE TABLE repeated AS SELECT address FROM found GROUP BY address HAVING count(*) > 1;
    CREATE VIEW member AS
      SELECT * EXCLUDE (page) FROM found ANTI JOIN repeated USING (address)
      UNION ALL
      SELECT * EXCLUDE (page) FROM found SEMI JOIN repeated USING (address)
      QUALIFY row_number() OVER (PARTITION BY address
        ORDER BY coalesce(list_position(${quoteTexts(STRICTEST_FIRST)}, status), 9), page DESC) = 1`);
}
