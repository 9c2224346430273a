import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { CensusRow, CensusScope, CensusSummary, ListingPage } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { createIdn, withAddress } from './address';
import { runOnce, type Sealed } from '../store/run-once';
import { CENSUS_ROWS } from '../store/documents';
import type { StagingStore } from '../../ports/staging-store';
import { CENSUS, inExport, OPT_OUTS } from '../store/layout';
import { type FoundBaseline, findBaseline } from './plan';
import { listObjects, localFiles } from '../store/sealed-files';
import { sealRows } from '../store/superseded';
import { type StepContext, withWorkspace } from '../store/workspace';

/** Folder of the pages that were read. */
export const PAGES = 'census';
const MAX_ROWS_OF_PAGE = 1_000;

interface CensusDocument extends CensusSummary, Sealed {}

export async function hasCensusPage(
  store: StagingStore,
  ref: ExportRef,
  page: ListingPage,
): Promise<boolean> {
  return (await store.head(pageKey(ref, page))) !== undefined;
}

export async function sealCensusPage(
  store: StagingStore,
  ref: ExportRef,
  { rows, ...page }: ListingPage & { readonly rows: readonly CensusRow[] },
): Promise<void> {
  await sealRows(store, ref, { key: pageKey(ref, page), pages: [rows] });
}

interface CensusInput extends Omit<StepContext, 'now'> {
  /** Export with the baseline that lists the tags which earlier exports have added. */
  readonly baseline: string | null;
}

/** Puts the pages together: one row per address, without the tags that earlier exports have added; of archived ones with the last change. */
export async function sealCensus(input: CensusInput, scope: CensusScope): Promise<CensusSummary> {
  const { members, byStatus } = await runOnce<CensusDocument>(input.store, input.ref, {
    step: 'census',
    document: scope === 'full' ? CENSUS : OPT_OUTS,
    files: [CENSUS_ROWS],
    // A list of opt-outs has no tags.
    work: (folder) => putTogether({ ...input, baseline: scope === 'full' ? input.baseline : null }, folder),
  });
  return { members, byStatus };
}

async function putTogether(
  { store, memoryLimit, ref, baseline, signal }: CensusInput,
  folder: string,
): Promise<CensusSummary> {
  const names = await listObjects(store, `${inExport(ref, PAGES)}/`);
  const pages = await localFiles(
    store,
    names.map((name) => inExport(ref, PAGES, name)),
  );
  const ours = await findBaseline(store, ref, baseline);
  const allow = store.workFolder;
  return withWorkspace(
    { folder, memoryLimit, rows: names.length * MAX_ROWS_OF_PAGE, allow, signal },
    async (database) => {
      await createMembers(database, pages);
      const members = ours ? withoutOurTags(ours) : 'member';
      await database.run(
        `COPY (SELECT * FROM ${members}) TO ${quoteText(join(folder, CENSUS_ROWS))} (FORMAT parquet, COMPRESSION zstd)`,
      );
      const counts = await database.rows<{ status: string; count: number }>(
        'SELECT status, count(*) AS count FROM member GROUP BY status ORDER BY status',
      );
      return {
        members: counts.reduce((sum, { count }) => sum + count, 0),
        byStatus: Object.fromEntries(counts.map(({ status, count }) => [status, count])),
      };
    },
  );
}

/** A member that is listed with two statuses counts by the stricter one. */
export const STRICTEST_FIRST = ['archived', 'cleaned', 'unsubscribed'];

async function createMembers(database: Database, pages: readonly string[]): Promise<void> {
  const columns = "{email: 'VARCHAR', status: 'VARCHAR', tags: 'INTEGER[]', changedAt: 'TIMESTAMP'}";
  const from =
    pages.length === 0
      ? '(SELECT NULL::VARCHAR AS email, NULL::VARCHAR AS status, NULL::INTEGER[] AS tags, NULL::TIMESTAMP AS "changedAt", NULL::VARCHAR AS filename WHERE false)'
      : `read_json(${quoteTexts(pages)}, format = 'newline_delimited', columns = ${columns}, filename = true)`;
  await createIdn(database, { from, text: 'email' });
  // Pages overlap, and members move between listings while these are read. Few members are on two pages, and a window over all members
  // would not fit into the memory limit.
  await database.run(`
    CREATE TABLE found AS
      SELECT address, status, tags, "changedAt" AS changed_at, regexp_extract(filename, '(\\d+)\\.ndjson$', 1)::INTEGER AS page
      FROM ${withAddress(from, 'email')} WHERE address IS NOT NULL;
    CREATE TABLE repeated AS SELECT address FROM found GROUP BY address HAVING count(*) > 1;
    CREATE VIEW member AS
      SELECT address, status, tags, changed_at FROM found ANTI JOIN repeated USING (address)
      UNION ALL
      SELECT address, status, tags, changed_at FROM found SEMI JOIN repeated USING (address)
      QUALIFY row_number() OVER (PARTITION BY address
        ORDER BY coalesce(list_position(${quoteTexts(STRICTEST_FIRST)}, status), 9), page DESC) = 1`);
}

/**
 * SQL: members without the tags that are ours by the baseline. Otherwise a contact that leaves and comes back would count as
 * tagged by another tool, and no export would tag it again.
 */
function withoutOurTags({ rows }: FoundBaseline): string {
  return `(
    SELECT m.address, m.status, list_filter(m.tags, lambda tag: NOT coalesce(list_contains(b.tags, tag), false)) AS tags, m.changed_at
    FROM member m LEFT JOIN read_parquet(${quoteText(rows)}) b ON b.address = m.address)`;
}

/** Padded, so that names sort like offsets. */
function pageKey(ref: ExportRef, { listing, offset }: ListingPage): string {
  return inExport(ref, PAGES, `${listing}-${String(offset).padStart(9, '0')}.ndjson`);
}
