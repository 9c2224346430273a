import { describe, expect, test } from '@jest/globals';
import { suggest } from '../../src/sources/suggest';

describe('A suggestion', () => {
  test.each([
    ['email', ['Id', 'Email'], 'Did you mean "Email"? Available: Id, Email.'],
    ['first_name', ['FirstName', 'LastName'], 'Did you mean "FirstName"? Available: FirstName, LastName.'],
    ['Emial', ['Phone', 'Email'], 'Did you mean "Email"? Available: Phone, Email.'],
    ['Country', ['Id', 'Email'], 'Available: Id, Email.'],
    ['Email', [], 'Available: none.'],
  ])('for %s out of %j', (name, available, text) => {
    expect(suggest(name, available)).toBe(text);
  });

  test('shortens long names', () => {
    expect(suggest('x', ['y'.repeat(1_000_000)])).toBe(`Available: ${'y'.repeat(60)}….`);
  });

  test('names no more than thirty', () => {
    const names = Array.from({ length: 100 }, (_, n) => `column_${n}`);
    expect(suggest('x', names)).toMatch(/column_29 and 70 more\.$/);
  });
});
