import { ExportError, type ExportErrorCode } from '../errors';

/** The same fact weighs otherwise once an export runs: it keeps its place and waits for a person instead of ending. */
const WHILE_EXPORTING: Partial<Record<ExportErrorCode, ExportErrorCode>> = {
  KEY_INVALID: 'KEY_REVOKED',
  ROLE_TOO_LOW: 'KEY_REVOKED',
  SECRET_UNAVAILABLE: 'KEY_REVOKED',
  AUDIENCE_NOT_FOUND: 'AUDIENCE_GONE',
};

export async function duringExport<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof ExportError ? WHILE_EXPORTING[error.code] : undefined;
    if (code === undefined || !(error instanceof ExportError)) throw error;
    throw new ExportError(code, error.message, { details: error.details, cause: error });
  }
}
