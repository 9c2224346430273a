import type { ExportErrorCode } from '../errors';

/** What came back and what to do, with a stable code. */
export interface Reason {
  readonly code: ExportErrorCode;
  readonly message: string;
}
