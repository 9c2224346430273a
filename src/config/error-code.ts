import { isNativeError } from 'node:util/types';

/** Why a file could not be read, e.g. `ENOENT`: the message of such an error may hold more than a message of ours may. */
export function errorCode(error: unknown): string {
  return isNativeError(error) && 'code' in error ? String(error.code) : 'unknown error';
}
