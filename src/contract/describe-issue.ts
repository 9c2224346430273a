import { z } from 'zod';

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

/** For what a schema does not say in words of its own; undefined: zod's words. */
export function describeIssue(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `${expected(wordFor(issue.expected), issue.input, SCALARS.has(issue.expected))}${inQuotes(issue)}`;
    case 'invalid_value':
      return expected(oneOf(issue.values), issue.input, true);
    case 'unrecognized_keys':
      return `there is no setting ${issue.keys.map((key) => `"${key}"`).join(', ')}; check its name and its place`;
    case 'too_small':
      return `at least ${amount(issue.origin, issue.minimum)}${butGiven(issue)}`;
    case 'too_big':
      return `at most ${amount(issue.origin, issue.maximum)}${butGiven(issue)}`;
    case 'invalid_format':
      return FORMATS[issue.format];
    case 'invalid_union':
      return describeDiscriminator(issue) ?? describeUnion(issue.errors, issue.input);
    case 'invalid_key':
      return `a name that is not allowed: ${issue.issues.map(({ message }) => message).join('; ')}`;
    default:
      return undefined;
  }
}

/** Whose wrong value is quoted. Anything else may contain a secret in a wrong place. */
const SCALARS = new Set(['number', 'int', 'boolean']);
/** Shorter than any key. */
const LONGEST_QUOTED = 20;

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a time such as 2027-01-31T06:00:00Z',
  url: 'a URL',
  uuid: 'a UUID',
};

function wordFor(type: string): string {
  return WORDS[type] ?? type;
}

function expected(allowed: string, input: unknown, isQuoted: boolean): string {
  return input === undefined ? `missing: ${allowed}` : `${allowed}, not ${given(input, isQuoted)}`;
}

function given(input: unknown, isQuoted: boolean): string {
  if (input === null) return 'nothing';
  if (typeof input === 'number' || typeof input === 'boolean') return String(input);
  if (typeof input === 'string')
    return isQuoted && input.length <= LONGEST_QUOTED ? `the text "${input}"` : 'a text';
  return Array.isArray(input) ? 'a list' : 'a map';
}

/** YAML reads 12345678 as a number, also where it is an id. */
function inQuotes({ expected: type, input }: Extract<RawIssue, { code: 'invalid_type' }>): string {
  return type === 'string' && (typeof input === 'number' || typeof input === 'boolean')
    ? '; put it in quotes'
    : '';
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map((value) => (typeof value === 'string' ? wordOf(value) : String(value)));
  return words.length === 1 ? words.join() : `one of ${words.join(', ')}`;
}

/** A comma among commas needs quotes. */
function wordOf(value: string): string {
  return /\w/.test(value) ? value : `"${value}"`;
}

const UNITS: Readonly<Record<string, string>> = { string: 'character', array: 'entry', set: 'entry' };

function amount(origin: string, limit: number | bigint): string {
  const unit = UNITS[origin];
  if (unit === undefined) return String(limit);
  const plural = unit === 'entry' ? 'entries' : `${unit}s`;
  return `${limit} ${Number(limit) === 1 ? unit : plural}`;
}

/** A number itself, or how many; of a long text, nothing. */
function butGiven({ input }: RawIssue): string {
  if (typeof input === 'number') return `, not ${input}`;
  return Array.isArray(input) ? `, not ${input.length}` : '';
}

/** For a text that is no secret: what is allowed, and what was given. */
export function allowing(allowed: string): z.core.$ZodErrorMap {
  return ({ input }) => expected(allowed, input, true);
}

/** Of the alternatives that have the type of the input, what is wrong with each; otherwise, which types are allowed. */
function describeUnion(
  alternatives: readonly (readonly z.core.$ZodIssue[])[],
  input: unknown,
): string | undefined {
  const ofItsType = alternatives.filter((issues) => !issues.some(isOfWrongType));
  if (ofItsType.length > 0) return [...new Set(ofItsType.map(inOneLine))].join('; or ');
  const types = alternatives.flatMap((issues) =>
    issues.flatMap((issue) => (issue.code === 'invalid_type' ? [wordFor(issue.expected)] : [])),
  );
  return types.length > 0 ? expected([...new Set(types)].join(' or '), input, false) : undefined;
}

/** A map whose key, such as `kind`, says which alternative it is: none has this value. */
function describeDiscriminator(issue: Extract<RawIssue, { code: 'invalid_union' }>): string | undefined {
  const { discriminator, options, input } = issue;
  if (typeof discriminator !== 'string' || !Array.isArray(options)) return undefined;
  const value = z.record(z.string(), z.unknown()).safeParse(input).data?.[discriminator];
  return expected(oneOf(options), value, true);
}

function isOfWrongType({ code, path }: z.core.$ZodIssue): boolean {
  return code === 'invalid_type' && path.length === 0;
}

function inOneLine(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join(', ');
}
