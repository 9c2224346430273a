import { isNativeError } from 'node:util/types';
import { DatabaseError } from '../../duckdb/database-error';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { isCode } from './local-files';

type Method = (...parameters: never[]) => Promise<unknown>;

/** Runs a step of staging. Its errors of files and of DuckDB become ExportErrors, without a row in the text. */
export function translating<Step extends Method>(name: string, step: Step): Step {
  const translated = async (...parameters: Parameters<Step>): Promise<unknown> => {
    try {
      return await step(...parameters);
    } catch (error) {
      throw toExportError(name, error);
    }
  };
  return translated as Step;
}

function toExportError(name: string, error: unknown): unknown {
  if (error instanceof ExportError) return error;
  if (isCode(error, 'ENOSPC') || isCode(error, 'EDQUOT')) {
    return new ExportError(
      'DISK_FULL',
      `Staging (${name}) stopped: no space is left on the disk of the staging folder. Free some space, then resume.`,
      { cause: error },
    );
  }
  const isOfFiles = typeof error === 'object' && error !== null && 'syscall' in error;
  if (!isOfFiles && !(error instanceof DatabaseError)) return error;
  // Not DuckDB's text, which advises settings that are not ours.
  const isMemory = error instanceof DatabaseError && error.kind === 'Out of Memory';
  return new ExportError(
    'STAGING_FAILED',
    isMemory
      ? `Staging (${name}) failed: these rows need more memory than staging.memoryLimit allows. It is retried; if it keeps failing, set ` +
          'staging.memoryLimit to more in the configuration of the worker.'
      : `Staging (${name}) failed: ${(error as Error).message}. It is retried; if it keeps failing, check the staging folder and its disk.`,
    { cause: error },
  );
}

/**
 * A store whose errors are ExportErrors. For a refused or lost request an implementation throws an error of its client library, which
 * would otherwise count as a bug and end the export instead of being retried.
 */
export function translatingStore(store: StagingStore): StagingStore {
  const failing = async <Result>(what: string, work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      const known = toExportError(`${what} in the ${store.kind}`, error);
      throw known instanceof ExportError ? known : storeFailed(store.kind, what, error);
    }
  };
  return {
    ...unchangedOf(store),
    put: (key, content) => failing('put', store.put(key, content)),
    get: (key) => failing('get', store.get(key)),
    head: (key) => failing('head', store.head(key)),
    list: (folder) => failing('list', store.list(folder)),
    delete: (key) => failing('delete', store.delete(key)),
    localFile: (key) => failing('localFile', store.localFile(key)),
  };
}

/** What a store that passes calls on has of the one behind it. */
export function unchangedOf({ kind, workFolder, isServed }: StagingStore) {
  return { kind, workFolder, ...(isServed && { isServed }) };
}

function storeFailed(kind: string, what: string, cause: unknown): ExportError {
  const detail = isNativeError(cause) ? `: ${cause.message}` : '';
  return new ExportError(
    'STAGING_FAILED',
    `Staging (${what} in the ${kind}) failed${detail}. It is retried; if it keeps failing, check the staging store.`,
    { cause },
  );
}
