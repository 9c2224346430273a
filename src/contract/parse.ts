import { z } from 'zod';
import { ExportError, type ExportErrorCode } from '../errors';

export interface ParseOptions {
  /** What is being parsed, for the message: "The configuration file", "The request". */
  readonly what: string;
  /** @default 'INPUT_INVALID' */
  readonly code?: ExportErrorCode;
}

/** Turns unknown input into the schema's type, or throws an ExportError that names each wrong field. */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  { what, code = 'INPUT_INVALID' }: ParseOptions,
): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new ExportError(code, `${what} is not valid:\n${z.prettifyError(result.error)}`);
}
