import { readFile, stat } from 'node:fs/promises';
import type { ExportRef } from '../contract/identifiers';
import type { PartPlan, RowResult } from '../contract/plan';
import type { Layout } from './layout';
import { listFolder, makeFolder, sealLines } from './seal';

const RESULTS = 'results';

export async function hasResults(layout: Layout, ref: ExportRef, key: string): Promise<boolean> {
  return stat(resultsPath(layout, ref, key)).then(
    () => true,
    () => false,
  );
}

export async function sealResults(
  layout: Layout,
  ref: ExportRef,
  { key, rows }: { key: string; rows: Iterable<RowResult> | AsyncIterable<RowResult> },
): Promise<void> {
  await makeFolder(layout.inExport(ref, RESULTS));
  await sealLines(resultsPath(layout, ref, key), rows);
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

/**
 * What was said of the rows of a part, by chunk: what was said of a chunk that was sent directly counts instead. Held in memory.
 */
export async function readPartResults(
  layout: Layout,
  ref: ExportRef,
  { part, firstChunk, lastChunk }: PartPlan,
): Promise<(chunk: number) => readonly RowResult[]> {
  const found = new Map<number, RowResult[]>();
  const keys = [`part-${part}`];
  for (let chunk = firstChunk; chunk <= lastChunk; chunk++) keys.push(`chunk-${chunk}`);
  for (const key of keys) {
    if (!(await hasResults(layout, ref, key))) continue;
    for (const row of await readResults(layout, ref, key)) {
      const rows = found.get(row.chunk);
      if (rows) rows.push(row);
      else found.set(row.chunk, [row]);
    }
  }
  return (chunk) => found.get(chunk) ?? [];
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
