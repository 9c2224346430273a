import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerConfig } from '../config/config';
import type { OpenSource } from '../ports/source';
import type { SourceOptions } from '../sources/options';
import { openSource } from '../sources';
import { type Preview, previewSegment } from '../sources/preview';
import { type InspectedTable, inspectTable } from '../sources/inspect-table';
import { openStagingToRead, type StagingReader } from '../staging';
export { inspectStore } from './inspect-store';
export { nearest, suggest } from '../sources/suggest';
import { configuredStore } from './configured-store';
import { findEntry } from './find-entry';
import { problemsOfSource, type SetupProblem } from './setup-problems';

// What commands beside a worker open. They write nothing into the staging store, not even scratch, and expire nothing: their
// configuration may differ from the worker's.

/** @returns undefined where no worker has made the store */
export function readStaging(
  staging: WorkerConfig['staging'],
  baseFolder: string,
): Promise<StagingReader | undefined> {
  const { memoryLimit } = staging;
  return openStagingToRead({ store: configuredStore(staging, baseFolder), memoryLimit });
}

/**
 * Lends a configured source. Copies of its rows go into a temporary folder of the system, only the owner's.
 * @throws ExportError SOURCE_NOT_FOUND
 */
export async function withSource<Result>(
  { sources, staging }: Pick<WorkerConfig, 'sources' | 'staging'>,
  { name, baseFolder }: { readonly name: string; readonly baseFolder: string },
  work: (source: OpenSource, options: SourceOptions) => Promise<Result>,
): Promise<Result> {
  const config = findEntry(sources, name, { code: 'SOURCE_NOT_FOUND', reader: 'command' });
  return withScratch(async (scratch) => {
    const options = { baseFolder, memoryLimit: staging.memoryLimit, scratch };
    const source = await openSource(config, options);
    try {
      return await work(source, options);
    } finally {
      await source.close();
    }
  });
}

export interface InspectedSource {
  readonly problems: readonly SetupProblem[];
  /** Undefined where the profiles cannot be read. */
  readonly attributes?: readonly string[];
}

/** All that is wrong with a source, and what it has. @throws ExportError when it cannot be opened */
export function inspectSource(
  config: Pick<WorkerConfig, 'sources' | 'staging'>,
  source: { readonly name: string; readonly baseFolder: string },
): Promise<InspectedSource> {
  const at = `sources.${source.name}`;
  return withSource(config, source, async (opened) => {
    const problems = await problemsOfSource(at, opened);
    if (problems.some((problem) => problem.at === `${at}.profiles`)) return { problems };
    return { problems, attributes: (await opened.describe()).attributes };
  });
}

/** The first profiles of a segment. @throws ExportError SOURCE_NOT_FOUND, and as `SegmentSource.extract` */
export function previewSource(
  config: Pick<WorkerConfig, 'sources' | 'staging'>,
  { name, baseFolder, ...request }: PreviewRequest,
): Promise<Preview> {
  return withSource(config, { name, baseFolder }, (source, options) =>
    previewSegment(source, request, options),
  );
}

interface PreviewRequest {
  readonly name: string;
  readonly baseFolder: string;
  readonly segment: string;
  readonly limit: number;
}

/** Columns of a file, and how it has to be read. @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED, CONFIG_INVALID */
export function inspectProfiles(path: string, baseFolder: string): Promise<InspectedTable> {
  return withScratch((scratch) => inspectTable(path, { baseFolder, memoryLimit: '256MB', scratch }));
}

/** Lends a temporary folder of the system, only the owner's. */
async function withScratch<Result>(work: (scratch: string) => Promise<Result>): Promise<Result> {
  const scratch = await mkdtemp(join(tmpdir(), 'temporal-mailchimp-'));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
