import { z } from 'zod';
import { ExportError, type ExportErrorCode } from '../errors';
import { describeIssue } from './describe-issue';

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
  const result = tryParse(schema, input);
  if (result.success) return result.data;
  throw new ExportError(code, `${what} is not valid:\n${z.prettifyError(result.error)}`);
}

/** Messages say what is allowed, then what was given: "a list, not a text". */
export function tryParse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  return schema.safeParse(input, { error: describeIssue });
}
