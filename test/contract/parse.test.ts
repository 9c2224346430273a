import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { parse, tryParse } from '../../src/contract/parse';

function messageOf([, schema, input]: readonly [string, z.ZodType, unknown, string]): string {
  const { error } = tryParse(schema, input);
  return error?.issues.map(({ message }) => message).join('\n') ?? 'valid';
}

const KEY = 'fedcba98765432100123456789abcdef-us1';

const CASES: readonly (readonly [string, z.ZodType, unknown, string])[] = [
  ['a text for a number', z.int(), '26 h', 'a number, not the text "26 h"'],
  ['a part for a whole', z.int(), 1.5, 'a whole number, not 1.5'],
  ['a number for a text', z.string(), 5, 'a text, not 5; put it in quotes'],
  ['a text for a list', z.array(z.string()), '02:30', 'a list, not a text'],
  ['nothing for a map', z.object({}), null, 'a map, not nothing'],
  ['a map for a switch', z.boolean(), {}, 'true or false, not a map'],
  [
    'a word that is not allowed',
    z.enum(['skip', 'allow']),
    'wait',
    'one of skip, allow, not the text "wait"',
  ],
  ['too small a number', z.int().min(1), 0, 'at least 1, not 0'],
  ['too large a number', z.int().max(10), 12, 'at most 10, not 12'],
  ['too long a list', z.array(z.int()).max(1), [1, 2], 'at most 1 entry, not 2'],
  ['an empty text', z.string().min(1), '', 'at least 1 character'],
  ['a value that is missing', z.object({ name: z.string() }), {}, 'missing: a text'],
  [
    'a setting that is none',
    z.strictObject({}),
    { x: 1 },
    'there is no setting "x"; check its name and its place',
  ],
  [
    'a wrong name',
    z.record(z.string().regex(/^[a-z]+$/, 'small letters'), z.int()),
    { A: 1 },
    'a name that is not allowed: small letters',
  ],
  ['one of two types', z.union([z.string(), z.object({})]), 5, 'a text or a map, not 5'],
  [
    'one of two, of the right type',
    z.union([z.string(), z.strictObject({ every: z.int() })]),
    { every: 'x' },
    'every: a number, not the text "x"',
  ],
  ['a key in the place of a number', z.int(), KEY, 'a number, not a text'],
];

describe('a wrong input', () => {
  test.each(CASES)('%s is named in words, with what is allowed', (...given) => {
    expect(messageOf(given)).toBe(given[3]);
  });

  test('is named with its place', () => {
    const schema = z.object({ destinations: z.record(z.string(), z.object({ daily: z.array(z.string()) })) });
    const input = { destinations: { shop: { daily: '02:30' } } };
    expect(() => parse(schema, input, { what: 'The file' })).toThrow(
      'The file is not valid:\n✖ a list, not a text\n  → at destinations.shop.daily',
    );
  });
});
