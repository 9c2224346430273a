import { DatabaseError } from '../../duckdb/database-error';
import { ExportError } from '../../errors';
import { isCode } from './atomic-files';

type Method = (...parameters: never[]) => Promise<unknown>;

/** Runs a step of staging so that whatever goes wrong leaves it as an ExportError, without a row in its text. */
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
  const isMemory = error instanceof DatabaseError && error.kind === 'Out of Memory';
  const advice = isMemory ? 'give staging.memoryLimit more' : 'look at the staging folder and its disk';
  return new ExportError(
    'STAGING_FAILED',
    `Staging (${name}) failed: ${(error as Error).message}. It is tried again; if it goes on, ${advice}.`,
    { cause: error },
  );
}
