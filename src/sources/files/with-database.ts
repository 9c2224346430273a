import type { FilesSourceConfig } from '../../config/source-config';
import type { Database } from '../../duckdb/database';
import { openDatabase } from '../../duckdb/open';
import type { SourceOptions } from '../options';
import type { Roots } from '../root/roots';
import type { TableAccess } from './table-access';

export interface FilesContext {
  readonly config: FilesSourceConfig;
  readonly options: Omit<SourceOptions, 'secrets'>;
  readonly roots: Roots;
  /** Undefined: the tables are named by paths. */
  readonly access?: TableAccess | undefined;
  /** Aborted when the source is closed. */
  readonly closed: AbortSignal;
}

/** What `withReading` passes on. */
export interface ReadContext extends Omit<FilesContext, 'closed'> {
  readonly stopped: AbortSignal;
}

export interface Sandbox {
  readonly folder: string;
  readonly threads: number;
  readonly allow: readonly string[];
  readonly files: readonly string[];
}

export async function withDatabase<T>(
  { options, stopped }: Pick<ReadContext, 'options' | 'stopped'>,
  sandbox: Sandbox,
  body: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ ...sandbox, memoryLimit: options.memoryLimit });
  const stop = () => void database.close();
  stopped.addEventListener('abort', stop);
  if (stopped.aborted) stop();
  try {
    return await body(database);
  } finally {
    stopped.removeEventListener('abort', stop);
    await database.close();
  }
}
