import { z } from 'zod';
import { isExportErrorCode, type ExportErrorCode } from '../errors';

/** What came back and what to do, with a stable code. */
export interface Reason {
  readonly code: ExportErrorCode;
  readonly message: string;
}

export const ReasonSchema = z.object({
  code: z.custom<ExportErrorCode>(isExportErrorCode),
  message: z.string(),
}) satisfies z.ZodType<Reason>;
