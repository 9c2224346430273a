import { errorCode } from '../../config/error-code';
import { ExportError, onOneLine } from '../../errors';

/** What the doctor says of one thing. */
export interface Check {
  /** As the configuration names it: `temporal`, `accounts.main`. */
  readonly at: string;
  readonly status: 'ok' | 'failed' | 'not checked';
  /** What was found, or what is wrong and how to fix it. */
  readonly message: string;
  /** Of what failed. */
  readonly code?: string;
}

/** One check. What it throws is its result: the others still run. */
export async function check(at: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { at, status: 'ok', message: await look() };
  } catch (error) {
    return failed(at, error);
  }
}

export function failed(at: string, error: unknown): Check {
  if (error instanceof ExportError)
    return { at, status: 'failed', message: onOneLine(error.message), code: error.code };
  return {
    at,
    status: 'failed',
    message: `It could not be checked (${errorCode(error)}).`,
    code: 'UNEXPECTED',
  };
}

/** For what depends on something that failed. */
export function notChecked(at: string, message: string): Check {
  return { at, status: 'not checked', message };
}
