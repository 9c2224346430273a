import type { ExportErrorCode } from '../errors';

/** A code of ours, or `UNEXPECTED`, with what came back and what to do. */
export interface Reason {
  readonly code: ExportErrorCode | 'UNEXPECTED';
  readonly message: string;
}
