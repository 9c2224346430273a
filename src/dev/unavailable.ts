import { ExportError } from '../errors';

/** What every failure to get or start a Temporal server ends as. */
export function serverUnavailable(message: string, cause?: unknown): ExportError {
  return new ExportError('TEMPORAL_SERVER_UNAVAILABLE', message, cause === undefined ? {} : { cause });
}
