import type { FieldError } from './problem';
import { Problem, schemaRefusal } from './problem';

/** What Mailchimp's schema layer finds, in its words. */

function typeName(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

export const mismatch = (field: string, expected: string, value: unknown): FieldError => ({
  field,
  message: `Schema describes ${expected}, ${typeName(value)} found instead`,
});

export const missing = (field: string, name: string): FieldError => ({
  field,
  message: `Required fields were not provided: ${name}`,
});

export const anyOf = (field: string): FieldError => ({
  field,
  message: 'Data did not match any of the schemas described in anyOf.',
});

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The body of a request that must be an object; an absent body reads as an empty one. */
export function objectBody(body: unknown): JsonObject {
  if (body === undefined) return {};
  if (!isObject(body)) throw new Problem(schemaRefusal([mismatch('', 'object', body)]));
  return body;
}

/** @throws Problem 400 unless `body[name]` is a list or absent */
export function listField(body: JsonObject, name: string): readonly unknown[] | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new Problem(schemaRefusal([mismatch(name, 'array', value)]));
  return value;
}

/** @throws Problem 400 unless `body[name]` is a string or absent */
export function stringField(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw new Problem(schemaRefusal([mismatch(name, 'string', value)]));
  return value;
}

/** @throws Problem 400 unless `body[name]` is a string */
export function requiredString(body: JsonObject, name: string): string {
  const value = stringField(body, name);
  if (value === undefined) throw new Problem(schemaRefusal([missing('', name)]));
  return value;
}

/** @throws Problem 400 unless `body[name]` is a list of strings or absent */
export function stringList(body: JsonObject, name: string): readonly string[] | undefined {
  const list = listField(body, name);
  const wrong = list?.findIndex((item) => typeof item !== 'string') ?? -1;
  if (wrong >= 0)
    throw new Problem(schemaRefusal([mismatch(`${name}.item:${wrong}`, 'string', list?.[wrong])]));
  return list as readonly string[] | undefined;
}
