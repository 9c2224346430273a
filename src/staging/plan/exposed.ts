import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import { quoteText } from '../../duckdb/quote';
import type { StagingStore } from '../../ports/staging-store';
import { listOpenWrites, type OpenWrite } from '../delivery/open-writes';
import {
  BASELINE_ROWS,
  CHANGES,
  CONTACTS,
  type ExposedDocument,
  type PlanDocument,
  readExposed,
  readPlan,
} from '../store/documents';
import { DRAINED, EXPOSED, inExport } from '../store/layout';
import { runOnce } from '../store/run-once';
import { requireLocalFile } from '../store/sealed-files';
import { type StepContext, withWorkspace } from '../store/workspace';
import { listRepairs, type Repair, repairedIn } from '../verify/repairs';
import { type FoundBaseline, findBaseline } from './plan';
import { snapshotProfiles } from './profiles';
import { readSnapshot } from './snapshot';

/**
 * Exposes the rows of the baseline that open writes of earlier exports may have changed: they may have old fields and tags, or lack a tag.
 * Addresses that are no longer in the baseline are added to it, so that they lose the tag again. So are the contacts that a verification has
 * found to differ, and that are to be repaired. Later, `findBaseline` returns these rows.
 */
export async function exposeLateWrites(
  input: Omit<StepContext, 'now'>,
  baseline: string | null,
  { repairs: isRepairing }: { readonly repairs: boolean } = { repairs: true },
): Promise<void> {
  const { store, ref, memoryLimit, signal } = input;
  if (baseline === null) return;
  const writes = await listOpenWrites(store, ref);
  const repairs = isRepairing ? await listRepairs(store, ref) : [];
  if (writes.length + repairs.length === 0) return;
  await runOnce<ExposedDocument>(store, ref, {
    step: 'exposed',
    document: EXPOSED,
    files: [BASELINE_ROWS],
    work: async (folder) => {
      const found = await findBaseline(store, ref, baseline);
      if (!found) throw new Error('a baseline that is named is found or refused');
      const late = await lateOf(store, ref, writes);
      const rows = late.reduce((sum, { rows: some }) => sum + some, found.document.size);
      await withWorkspace({ folder, memoryLimit, rows, allow: store.workFolder, signal }, (database) =>
        database.run(exposedQuery(found, { late, repairs }, join(folder, BASELINE_ROWS))),
      );
      const tags = late.flatMap(({ plan }) =>
        plan.tags.map(({ tagId, segment, name }) => [tagId, { segment, name }] as const),
      );
      return { writes: [...writes, ...repairs].map(({ key }) => key), tags: Object.fromEntries(tags) };
    },
  });
}

/**
 * Called once the export is settled: its baseline has what it exposed and did not prove. Writes that may still be running are kept: they
 * may come after this export as well.
 */
export async function forgetLateWrites(store: StagingStore, ref: ExportRef): Promise<void> {
  if (!(await store.head(inExport(ref, DRAINED)))) return;
  for (const key of (await readExposed(store, ref))?.writes ?? []) await store.delete(key);
}

interface Late {
  readonly plan: PlanDocument;
  readonly rows: number;
  readonly isUpsert: boolean;
  readonly first: number;
  readonly last: number;
  readonly changes: string;
  readonly contacts: string;
  readonly snapshot: string;
}

/** Without writes whose export is no longer in the store: its rows are not known. */
export async function lateOf(
  store: StagingStore,
  { destinationId }: ExportRef,
  writes: readonly OpenWrite[],
): Promise<readonly Late[]> {
  const found: Late[] = [];
  for (const { exportId, part } of writes) {
    const ref = { destinationId, exportId };
    const plan = await readPlan(store, ref);
    const planned = plan?.plan.parts[part];
    if (!plan || !planned) continue;
    const ofPlan = (name: string) => requireLocalFile(store, inExport(ref, plan.folder, name));
    found.push({
      plan,
      rows: planned.rows,
      isUpsert: planned.kind === 'upsert',
      first: planned.firstChunk,
      last: planned.lastChunk,
      changes: await ofPlan(CHANGES),
      contacts: await ofPlan(CONTACTS),
      snapshot: (await readSnapshot(store, ref)).rows,
    });
  }
  return found;
}

interface ToExpose {
  readonly late: readonly Late[];
  readonly repairs: readonly Repair[];
}

/** SQL: writes the rows of the baseline, exposed. */
export function exposedQuery(
  { rows }: Pick<FoundBaseline, 'rows'>,
  { late, repairs }: ToExpose,
  into: string,
): string {
  const none =
    'SELECT NULL::VARCHAR AS address, NULL::VARCHAR[] AS keys, NULL::INTEGER[] AS tags, false AS is_upsert WHERE false';
  const baseline = `read_parquet(${quoteText(rows)})`;
  // An untag adds nothing: a contact that has departed needs nothing after it.
  return `
    CREATE TABLE late AS
    SELECT address, any_value(keys) AS keys, bool_or(is_upsert) AS is_upsert,
      list_distinct(flatten(list(tags))) AS tags
    FROM (${[none, ...late.map(writtenQuery), ...repairs.map(repairedQuery)].join(' UNION ALL ')}) GROUP BY address;
    COPY (
      SELECT b.* REPLACE (
        CASE WHEN l.address IS NULL THEN b.state ELSE 'exposed' END AS state,
        b.present OR coalesce(l.is_upsert, false) AS present,
        CASE WHEN l.address IS NULL THEN b.tags ELSE list_distinct(list_concat(b.tags, l.tags)) END AS tags)
      FROM ${baseline} b LEFT JOIN late l ON l.address = b.address
      UNION ALL BY NAME
      SELECT l.address, l.keys, l.tags, 'exposed' AS state, false AS member, true AS present
      FROM late l ANTI JOIN ${baseline} b ON b.address = l.address WHERE l.is_upsert
    ) TO ${quoteText(into)} (FORMAT parquet, COMPRESSION zstd)`;
}

/** SQL: the addresses to repair: their rows are exposed, and nothing else changes. */
function repairedQuery(repair: Repair): string {
  return `SELECT address, []::VARCHAR[] AS keys, []::INTEGER[] AS tags, false AS is_upsert FROM (${repairedIn(repair)})`;
}

/** SQL: each address that a write may have changed, with the ids of the tags of ours that it may carry since. */
function writtenQuery({ plan, isUpsert, first, last, changes, contacts, snapshot }: Late): string {
  const ids = `[${plan.tags.map(({ tagId }) => tagId).join(', ')}]::INTEGER[]`;
  return `
    SELECT c.address, CASE WHEN s.key IS NULL THEN []::VARCHAR[] ELSE [s.key] END AS keys,
      CASE WHEN ${isUpsert} THEN list_filter(${ids}, lambda id, place: p.ours[place] = '1') ELSE []::INTEGER[] END AS tags,
      ${isUpsert} AS is_upsert
    FROM (SELECT address, id FROM read_parquet(${quoteText(changes)}) WHERE chunk BETWEEN ${first} AND ${last}) c
    JOIN read_parquet(${quoteText(contacts)}) p ON p.id = c.id
    LEFT JOIN ${snapshotProfiles(snapshot)} s ON s.n = p.n`;
}
