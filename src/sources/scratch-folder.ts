import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceOptions } from './options';

/** Lends a folder of its own to `work`, and deletes it afterwards. */
export async function withScratchFolder<Result>(
  { scratch }: Pick<SourceOptions, 'scratch'>,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(scratch, 'source-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
