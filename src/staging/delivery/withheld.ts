import type { ExportRef } from '../../contract/identifiers';
import type { Write } from '../../contract/plan';
import type { StagingStore } from '../../ports/staging-store';
import { quoteText } from '../../duckdb/quote';
import type { Database } from '../../duckdb/database';
import { hashSql } from '../store/hash-key';
import { inExport } from '../store/layout';
import { requireLocalFile, requireText } from '../store/sealed-files';
import { sealRows } from '../store/superseded';
import { CHANGES, type PlanDocument } from '../store/documents';
import { areSuppressionsChanged, findSuppressionsOf, suppressionsIn } from '../plan/suppressed';
import { findPart } from './chunks';

const WITHHELD = 'withheld';

interface PlannedPart {
  readonly store: StagingStore;
  readonly plan: PlanDocument;
  /** Called only where a list has changed. */
  readonly open: () => Promise<Database>;
}

/**
 * Addresses of a part of upserts that are on a suppression list now: the plan has left out those that were on it then. Costs two lists of names
 * while no list has changed.
 */
export async function suppressedSincePlan(
  { store, plan, open }: PlannedPart,
  ref: ExportRef,
  number: number,
): Promise<readonly string[]> {
  const { kind, firstChunk, lastChunk } = findPart(plan, number);
  // An untag of such an address is as it should be.
  if (kind !== 'upsert') return [];
  const { destinationId } = ref;
  if (!(await areSuppressionsChanged(store, destinationId, plan.suppressions))) return [];
  const { files, hashKey } = await findSuppressionsOf(store, destinationId, plan.suppressions);
  if (files.length === 0) return [];
  const changes = await requireLocalFile(store, inExport(ref, plan.folder, CHANGES));
  const rows = await (
    await open()
  ).rows<{ address: string }>(`
    SELECT DISTINCT address FROM ${suppressionsIn(files)} l JOIN (
      SELECT address, unnest(['address', 'sha256', 'md5', 'keyed']) AS kind,
        unnest([address, sha256(address), md5(address), ${hashKey === undefined ? 'NULL' : hashSql(hashKey, 'address')}]) AS value
      FROM read_parquet(${quoteText(changes)}) WHERE chunk BETWEEN ${firstChunk} AND ${lastChunk}) USING (kind, value)`);
  return rows.map(({ address }) => address);
}

/** Before the attempt sends anything: only an attempt knows what it has left out. */
export async function recordWithheld(
  store: StagingStore,
  ref: ExportRef,
  { write, emails }: { readonly write: Pick<Write, 'part' | 'attempt'>; readonly emails: readonly string[] },
): Promise<void> {
  if (emails.length > 0)
    await sealRows(store, ref, {
      key: withheldKey(ref, write),
      pages: [emails.map((email) => ({ email }))],
    });
}

export async function readWithheld(
  store: StagingStore,
  ref: ExportRef,
  write: Pick<Write, 'part' | 'attempt'>,
): Promise<readonly string[]> {
  const key = withheldKey(ref, write);
  if ((await store.head(key)) === undefined) return [];
  const lines = (await requireText(store, key)).split('\n');
  return lines.flatMap((line) => (line === '' ? [] : (JSON.parse(line) as { readonly email: string }).email));
}

function withheldKey(ref: ExportRef, { part, attempt }: Pick<Write, 'part' | 'attempt'>): string {
  return inExport(ref, WITHHELD, `part-${part}-${attempt}.ndjson`);
}
