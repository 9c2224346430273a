import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenSource } from '../ports/source';
import type { ComputedFilesConfig, FilesSourceConfig, SourceConfig } from '../config/source-config';
import { CdmSource } from './cdm/cdm-source';
import { DataverseSource } from './dataverse/dataverse-source';
import { FilesSource } from './files/files-source';
import type { SourceOptions } from './options';
import { PostgresSource } from './postgres/postgres-source';
import { resolveFiles, resolveSql } from './sql/resolve';
import { SqlSource } from './sql/sql-source';

/** The kinds of sources. A new kind is a folder beside `files/`, a branch of `SourceConfigSchema` and a line here. */
const KINDS: {
  readonly [Kind in SourceConfig['kind']]: (
    config: Extract<SourceConfig, { kind: Kind }>,
    options: SourceOptions,
  ) => OpenSource;
} = {
  // The schema has seen that one of path and sql is set.
  files: (config, options) =>
    config.profiles.sql === undefined
      ? new FilesSource(config as FilesSourceConfig, options)
      : new SqlSource(resolveFiles(config as ComputedFilesConfig), options),
  cdm: (config, options) => new CdmSource(config, options),
  postgres: (config, options) => new PostgresSource(config, options),
  sql: (config, options) => new SqlSource(resolveSql(config), options),
  dataverse: (config, options) => new DataverseSource(config, options),
};

const STALE_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Opens a source. Nothing of it is read yet, so its files need not be there.
 *
 * @throws ExportError CONFIG_INVALID
 */
export async function openSource(config: SourceConfig, options: SourceOptions): Promise<OpenSource> {
  const { scratch, downloads = scratch } = options;
  for (const folder of new Set([scratch, downloads])) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await sweep(folder);
  }
  // The compiler does not see that a kind gets its own configuration.
  const open = KINDS[config.kind] as (config: SourceConfig, options: SourceOptions) => OpenSource;
  return open(config, options);
}

/** Removes the copies of rows that killed processes left behind. A reading takes seconds, never a day. */
async function sweep(scratch: string): Promise<void> {
  for (const name of await readdir(scratch)) {
    if (!name.startsWith('source-')) continue;
    const folder = join(scratch, name);
    const stats = await stat(folder).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs > STALE_AFTER_MS)
      await rm(folder, { recursive: true, force: true });
  }
}
