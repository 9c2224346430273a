import type { z } from 'zod';
import { tryParse } from '../../contract/parse';
import { ExportError } from '../../errors';

export interface ParseOptionsContext {
  /** What is refused: `The destination "newsletter" was not connected`. */
  readonly what: string;
  /** The option that sets each value, by the name of the value. */
  readonly options: Readonly<Record<string, string>>;
  /** Where the configuration file has the values: `destinations.newsletter.connect`. */
  readonly section: string;
}

/**
 * Parses values that come from options and from a section of the configuration file.
 * @throws ExportError INPUT_INVALID, which names each wrong or missing value by its option and by its key in the file
 */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
  { what, options, section }: ParseOptionsContext,
): z.output<Schema> {
  const result = tryParse(schema, values);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const [name = ''] = path.map(String);
    const key = [section, ...path.map(String)].join('.');
    const option = options[name];
    const where = option ? `${option} (in the configuration file: ${key})` : key;
    return `${where} ${values[name] === undefined ? 'is missing' : `is not valid: ${message}`}`;
  });
  throw new ExportError('INPUT_INVALID', `${what}:\n${lines.join('\n')}`);
}
