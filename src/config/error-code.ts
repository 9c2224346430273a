import { isNativeError } from 'node:util/types';

/** The code of an error of the file system, e.g. `ENOENT`. */
export function errorCode(error: unknown): string {
  return isNativeError(error) && 'code' in error ? String(error.code) : 'unknown error';
}
