import type { WorkerConfig } from '../config/config';
import { DataverseSourceSchema } from '../config/dataverse-config';
import { PostgresServerSchema } from '../config/postgres-config';
import { secretResolver } from '../config/secrets';
import { parse } from '../contract/parse';
import { ExportError } from '../errors';
import type { OpenSource, SourceDescription } from '../ports/source';
import type { SourceOptions } from '../sources/options';
import { openSource } from '../sources';
import { countSegments, type SegmentCounts } from '../sources/count-segments';
import { type Preview, previewSegment } from '../sources/preview';
import { type InspectedTable, inspectTable } from '../sources/inspect-table';
import { type InspectedRelation, readTables, readValues } from '../sources/postgres/inspect-database';
import { openStagingToRead, type StagingReader, withTemporaryFolder } from '../staging';
export { withTemporaryFolder } from '../staging';
export { inspectStore } from './inspect-store';
export { nearest, suggest } from '../sources/suggest';
export { addressOf } from './configured-store';
import { configuredStoreToRead } from './configured-store';

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
  return openStagingToRead({ store: configuredStoreToRead(staging, baseFolder), memoryLimit });
}

type SourcesConfig = Pick<WorkerConfig, 'sources'> & {
  readonly staging: Pick<WorkerConfig['staging'], 'memoryLimit'>;
};

/**
 * Lends a configured source. Copies of its rows go into a temporary folder of the system, only the owner's.
 * @throws ExportError SOURCE_NOT_FOUND
 */
export async function withSource<Result>(
  { sources, staging }: SourcesConfig,
  { name, baseFolder }: { readonly name: string; readonly baseFolder: string },
  work: (source: OpenSource, options: SourceOptions) => Promise<Result>,
): Promise<Result> {
  const config = findEntry(sources, name, { code: 'SOURCE_NOT_FOUND', reader: 'command' });
  return withTemporaryFolder(async (scratch) => {
    const options = {
      baseFolder,
      memoryLimit: staging.memoryLimit,
      scratch,
      secrets: secretResolver(baseFolder, 'this environment'),
    };
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
  /** Ids. Undefined as attributes are. */
  readonly segments?: readonly string[];
}

/** All that is wrong with a source, and what it has. @throws ExportError when it cannot be opened */
export function inspectSource(
  config: Pick<WorkerConfig, 'sources' | 'staging'>,
  source: { readonly name: string; readonly baseFolder: string },
): Promise<InspectedSource> {
  const at = `sources.${source.name}`;
  return withSource(config, source, async (opened) => {
    const problems = await problemsOfSource(at, opened);
    if (problems.some((problem) => [at, `${at}.profiles`].includes(problem.at))) return { problems };
    try {
      const { attributes, segments } = await opened.describe();
      return { problems, attributes, segments: segments.map(({ id }) => id) };
    } catch (error) {
      // Of a table that the profiles are made of: one of the problems.
      if (error instanceof ExportError && problems.length > 0) return { problems };
      throw error;
    }
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

/** Who reads a source, and what it has. */
export interface ReadSource extends SourceDescription {
  /** The identity under which this process reads it, in words. Undefined: not known. */
  readonly identity?: string;
}

/** Opens a source and reads its names: what an export user needs to be able to do. @throws ExportError SOURCE_NOT_FOUND, and as `SegmentSource.describe` */
export function readSource(
  config: Pick<WorkerConfig, 'sources' | 'staging'>,
  source: { readonly name: string; readonly baseFolder: string },
): Promise<ReadSource> {
  return withSource(config, source, async (opened) => {
    const { attributes, segments } = await opened.describe();
    const identity = await opened.identity?.();
    return { attributes, segments, ...(identity !== undefined && { identity }) };
  });
}

/** Counts segments of a source. @throws ExportError SOURCE_NOT_FOUND, and as `SegmentSource.extract` */
export function countSource(
  config: Pick<WorkerConfig, 'sources' | 'staging'>,
  { name, baseFolder, ...request }: CountRequest,
): Promise<SegmentCounts> {
  return withSource(config, { name, baseFolder }, (source, options) =>
    countSegments(source, request, options),
  );
}

interface CountRequest {
  readonly name: string;
  readonly baseFolder: string;
  /** Attribute that is read. */
  readonly email: string;
  /** Ids. */
  readonly segments: readonly string[];
}

interface PreviewRequest {
  readonly name: string;
  readonly baseFolder: string;
  readonly segment: string;
  readonly limit: number;
}

/** Columns of a file, and how it has to be read. @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED, CONFIG_INVALID */
export function inspectFile(
  file: { readonly path: string; readonly what: string },
  baseFolder: string,
): Promise<InspectedTable> {
  return withTemporaryFolder((scratch) => inspectTable(file, { baseFolder, memoryLimit: '256MB', scratch }));
}

/** Columns of the profiles of a lake, and its segments. @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED, CONFIG_INVALID */
export function inspectLake(
  lake: { readonly root: string; readonly model?: string; readonly table: string; readonly key: string },
  baseFolder: string,
): Promise<SourceDescription> {
  const { root, model, table, key } = lake;
  const source = { kind: 'cdm' as const, root, model, profiles: { table, key } };
  const staging = { memoryLimit: '256MB' };
  return withSource({ sources: { lake: source }, staging }, { name: 'lake', baseFolder }, (opened) =>
    opened.describe(),
  );
}

interface LookAtDataverse {
  /** As the settings of a source of kind dataverse. */
  readonly environment: object;
  readonly table: string;
  readonly key: string;
  /** Whether the list of segments is read. */
  readonly isListed: boolean;
}

/** Columns of the profiles in an environment of Dataverse, and its segments. @throws ExportError as such a source */
export function inspectDataverse(
  { environment, table, key, isListed }: LookAtDataverse,
  baseFolder: string,
): Promise<SourceDescription> {
  const input = {
    kind: 'dataverse',
    ...environment,
    profiles: { table, key },
    ...(!isListed && { metadata: false, segments: {} }),
  };
  const source = parse(DataverseSourceSchema, input, { what: 'The environment of Dataverse' });
  const staging = { memoryLimit: '256MB' };
  return withSource({ sources: { insights: source }, staging }, { name: 'insights', baseFolder }, (opened) =>
    opened.describe(),
  );
}

/** Tables and views that a role may read. @param address as the settings of a source of kind postgres @throws ExportError as such a source */
export function inspectDatabase(address: unknown, baseFolder: string): Promise<readonly InspectedRelation[]> {
  return readTables(databaseAddress(address), secretResolver(baseFolder, 'this environment'));
}

/** The values of a column of a database; undefined where there are more than `most` of them. */
export function inspectColumn(
  address: unknown,
  baseFolder: string,
  column: Parameters<typeof readValues>[2],
): Promise<readonly string[] | undefined> {
  return readValues(databaseAddress(address), secretResolver(baseFolder, 'this environment'), column);
}

const databaseAddress = (address: unknown) =>
  parse(PostgresServerSchema, address, { what: 'The address of the database' });
