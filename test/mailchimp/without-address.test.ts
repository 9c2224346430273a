import { expect, test } from '@jest/globals';
import * as fc from '../support/fast-check';
import { withoutAddress } from '../../src/mailchimp/without-address';

test.each([
  [
    'ada@shop.test looks fake or invalid, please enter a real email address.',
    '«address» looks fake or invalid, please enter a real email address.',
  ],
  ['ada lovelace looks fake or invalid, please …', '«address» looks fake or invalid, please …'],
  ['"ada l"@shop.test was permanently deleted and …', '«address» was permanently deleted and …'],
  ['The address (Ada@Shop.test), sadly, is odd', 'The address («address»), sadly, is odd'],
  ["Mailbox o'hara@shop.test is full", 'Mailbox «address» is full'],
  ["Mailbox 'ada@shop.test' is full", "Mailbox «address»' is full"],
  ['Recipient “Ada Lovelace” has too many', 'Recipient «value» has too many'],
  ['Mailbox ada@ or @shop.test', 'Mailbox «address» or «address»'],
  ['Recipient "Ada Lovelace" has too many', 'Recipient «value» has too many'],
  ["Duplicate entry '4915112345678' for key", 'Duplicate entry «value» for key'],
  ['Call +49 151 12345678 now', 'Call «value» now'],
  ['Value must be one of: S, M  (not Ada (L))', 'Value must be one of: S, M  (not «value»)'],
  [`This member's status is "cleaned." You can only`, `This member's status is "cleaned." You can only`],
  ['Please provide at most 500 items', 'Please provide at most 500 items'],
])('%j becomes %j', (text, clean) => {
  expect(withoutAddress(text)).toBe(clean);
});

test('removes a given address that does not look like one', () => {
  expect(withoutAddress('We know ADA at home, ada at home!', ' Ada at home ')).toBe(
    'We know «address», «address»!',
  );
});

test('removes an address at any place of any text', () => {
  const text = fc.string({ maxLength: 40 });
  fc.assert(
    fc.property(fc.emailAddress(), text, text, (address, before, after) => {
      const said = `${before} ${address} ${after}`;
      expect(withoutAddress(said, address).toLowerCase()).not.toContain(address.toLowerCase());
      expect(withoutAddress(said).toLowerCase()).not.toContain(address.toLowerCase());
    }),
  );
});

test('returns at most 300 characters', () => {
  expect(withoutAddress('x'.repeat(10_000)).length).toBe(300);
});

// The patterns alone took three minutes for the first of these.
test.each(['a', '+', '"', '(not ', "' ", '1 (', '@'])('is quick for a long text that repeats %j', (piece) => {
  const started = performance.now();
  withoutAddress(piece.repeat(300_000));
  expect(performance.now() - started).toBeLessThan(2_000);
});
