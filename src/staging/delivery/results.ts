import { readFile } from 'node:fs/promises';
import type { ExportRef } from '../../contract/identifiers';
import type { RowResult } from '../../contract/plan';
import type { Layout } from '../store/layout';
import { isThere, listFolder, sealLines } from '../store/atomic-files';

const RESULTS = 'results';

export async function hasResults(layout: Layout, ref: ExportRef, key: string): Promise<boolean> {
  return isThere(resultsPath(layout, ref, key));
}

/** @returns whether they are ours; false: others were there first */
export async function sealResults(
  layout: Layout,
  ref: ExportRef,
  { key, pages }: { key: string; pages: AsyncIterable<readonly RowResult[]> },
): Promise<boolean> {
  return sealLines(resultsPath(layout, ref, key), pages);
}

/** All of them are held in memory. */
export async function readResults(
  layout: Layout,
  ref: ExportRef,
  key: string,
): Promise<readonly RowResult[]> {
  const text = await readFile(resultsPath(layout, ref, key), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RowResult);
}

/** Sealed results by chunk, held in memory. */
export async function readResultsByChunk(
  layout: Layout,
  ref: ExportRef,
  key: string,
): Promise<ReadonlyMap<number, readonly RowResult[]>> {
  const found = new Map<number, RowResult[]>();
  for (const row of await readResults(layout, ref, key)) {
    const rows = found.get(row.chunk);
    if (rows) rows.push(row);
    else found.set(row.chunk, [row]);
  }
  return found;
}

/** Paths of sealed results. */
export interface Results {
  readonly parts: readonly { readonly part: number; readonly path: string }[];
  readonly chunks: readonly { readonly chunk: number; readonly path: string }[];
}

export async function listResults(layout: Layout, ref: ExportRef): Promise<Results> {
  const found = (await listFolder(layout.inExport(ref, RESULTS))).flatMap((name) => {
    const [, kind, number] = /^(part|chunk)-(\d+)\.ndjson$/.exec(name) ?? [];
    return kind ? [{ kind, number: Number(number), path: layout.inExport(ref, RESULTS, name) }] : [];
  });
  return {
    parts: found.filter(({ kind }) => kind === 'part').map(({ number, path }) => ({ part: number, path })),
    chunks: found.filter(({ kind }) => kind === 'chunk').map(({ number, path }) => ({ chunk: number, path })),
  };
}

function resultsPath(layout: Layout, ref: ExportRef, key: string): string {
  return layout.inExport(ref, RESULTS, `${key}.ndjson`);
}
