import type { ExportRef } from '../../contract/identifiers';
import type { RowResult } from '../../contract/plan';
import type { StagingStore } from '../../ports/staging-store';
import { inExport } from '../store/layout';
import { listObjects, requireText } from '../store/sealed-files';
import { sealRows } from '../store/superseded';

const RESULTS = 'results';

export async function hasResults(store: StagingStore, ref: ExportRef, key: string): Promise<boolean> {
  return (await store.head(resultsKey(ref, key))) !== undefined;
}

/** @returns whether these results were sealed; false: others were sealed before */
export async function sealResults(
  store: StagingStore,
  ref: ExportRef,
  { key, pages }: { key: string; pages: AsyncIterable<readonly RowResult[]> },
): Promise<boolean> {
  return sealRows(store, ref, { key: resultsKey(ref, key), pages });
}

/** Reads all of them into memory. */
export async function readResults(
  store: StagingStore,
  ref: ExportRef,
  key: string,
): Promise<readonly RowResult[]> {
  const text = await requireText(store, resultsKey(ref, key));
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RowResult);
}

/** Reads sealed results into memory, by chunk. */
export async function readResultsByChunk(
  store: StagingStore,
  ref: ExportRef,
  key: string,
): Promise<ReadonlyMap<number, readonly RowResult[]>> {
  const found = new Map<number, RowResult[]>();
  for (const row of await readResults(store, ref, key)) {
    const rows = found.get(row.chunk);
    if (rows) rows.push(row);
    else found.set(row.chunk, [row]);
  }
  return found;
}

/** Keys of sealed results. */
export interface Results {
  readonly parts: readonly { readonly part: number; readonly key: string }[];
  readonly chunks: readonly { readonly chunk: number; readonly key: string }[];
  /** Of single rows that have no other result. */
  readonly lookups: readonly { readonly chunk: number; readonly key: string }[];
}

export async function listResults(store: StagingStore, ref: ExportRef): Promise<Results> {
  const found = (await listObjects(store, `${inExport(ref, RESULTS)}/`)).flatMap((name) => {
    const [, kind, number] = /^(part|chunk|lookup)-(\d+)\.ndjson$/.exec(name) ?? [];
    return kind ? [{ kind, number: Number(number), key: inExport(ref, RESULTS, name) }] : [];
  });
  const chunksOf = (wanted: string) =>
    found.filter(({ kind }) => kind === wanted).map(({ number, key }) => ({ chunk: number, key }));
  return {
    parts: found.filter(({ kind }) => kind === 'part').map(({ number, key }) => ({ part: number, key })),
    chunks: chunksOf('chunk'),
    lookups: chunksOf('lookup'),
  };
}

function resultsKey(ref: ExportRef, key: string): string {
  return inExport(ref, RESULTS, `${key}.ndjson`);
}
