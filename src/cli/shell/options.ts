import { InvalidArgumentError, type Command } from 'commander';
import type { z } from 'zod';
import { tryParse } from '../../contract/parse';

/** Makes an option repeatable. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** An empty value is mostly an unset variable in a script. */
export function text(value: string): string {
  if (value.trim() !== '') return value.trim();
  throw new InvalidArgumentError('It must not be empty.');
}

/** The name of a person has at most this many characters. */
export const LONGEST_NAME = 200;

/** The name of a person, which the history keeps. */
export function personName(value: string): string {
  const name = text(value);
  if (name.length <= LONGEST_NAME) return name;
  throw new InvalidArgumentError(`It must have at most ${LONGEST_NAME} characters.`);
}

/** For an option whose value a schema describes. */
export function valueOf<Value>(schema: z.ZodType<Value>): (value: string) => Value {
  return (value) => {
    const result = tryParse(schema, value);
    if (result.success) return result.data;
    throw new InvalidArgumentError(
      `It must be ${result.error.issues.map(({ message }) => message).join(', ')}.`,
    );
  };
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && text.trim() !== '') return value;
  throw new InvalidArgumentError('It must be a whole number.');
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

export function portNumber(text: string): number {
  const value = wholeNumber(text);
  if (value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a port from 0 to 65535; 0 means a free port.');
}

/** The examples below the help of a command. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ temporal-mailchimp ${line}`).join('\n')}\n`;
}

/** Of a command that lists rows of the store. */
export function withRowOptions(command: Command): Command {
  return command
    .option(
      '--csv',
      "print all rows as CSV for a spreadsheet; a ' precedes text that would be read as a formula",
    )
    .option('--ndjson', 'print all rows as JSON, one on each line')
    .option('--parquet <file>', 'write all rows into a Parquet file; one of that name is replaced')
    .option('--limit <n>', 'at most this many rows (default: 100 as a table; otherwise all)', positiveNumber);
}
