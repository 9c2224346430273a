import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { generateProfiles } from '../../src/dev/profiles';
import type { WayFigures } from '../figures';
import { SandboxControl } from '../sandbox-control';
import { startSandbox } from '../scene';
import { readRows, type Row } from './rows';
import { WAYS, type Way } from './ways';

/** Sends the same profiles in the ways of other tools, each to a new sandbox. When operations take time, sends only the first profiles. */
export async function measureOthers(profiles: number, operationMs: number): Promise<WayFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'others-'));
  try {
    const generated = await generateProfiles({ profiles, seed: 1, folder });
    const rows = await readRows(folder, generated);
    const figures: WayFigures[] = [];
    for (const { name, send, pacedRows } of WAYS) {
      const some = operationMs === 0 ? rows : rows.slice(0, pacedRows);
      figures.push({ way: name, ...(await measureWay(send, some, { folder, operationMs })) });
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureWay(
  send: Way['send'],
  rows: readonly Row[],
  { folder, operationMs }: { readonly folder: string; readonly operationMs: number },
): Promise<Omit<WayFigures, 'way'>> {
  const { started, url, apiKey } = await startSandbox(folder, { replies: 'full', operationMs });
  try {
    const start = performance.now();
    const answer = await send(rows, { url, apiKey });
    const seconds = (performance.now() - start) / 1000;
    const { requests, writes } = await new SandboxControl(url).counted();
    return { rows: rows.length, seconds, requests, operations: writes, ...answer };
  } finally {
    await started.process.stop();
  }
}
