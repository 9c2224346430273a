import { describe, expect, test } from '@jest/globals';
import { mayExceedPlan, NewMergeFieldSchema, whyNotCreated } from '../../src/contract/new-merge-field';

const FIELD = { tag: 'CITY', type: 'text', name: 'City' } as const;

describe('a new merge field', () => {
  test.each(['city', 'A-B', '', 'ELEVENCHARS', 'EMAIL', 'INTERESTS'])('cannot have the tag "%s"', (tag) => {
    expect(NewMergeFieldSchema.safeParse({ ...FIELD, tag }).success).toBe(false);
  });

  test.each(['address', 'radio', 'dropdown', 'list'])('cannot be of type %s', (type) => {
    expect(NewMergeFieldSchema.safeParse({ ...FIELD, type }).success).toBe(false);
  });

  test('may be there already as it is wanted, and not otherwise', () => {
    expect(whyNotCreated(FIELD, [])).toBeUndefined();
    expect(whyNotCreated(FIELD, [FIELD])).toBeUndefined();
    expect(whyNotCreated(FIELD, [{ ...FIELD, type: 'number' }])).toMatch(/already: "City", of type number/);
    expect(whyNotCreated(FIELD, [{ ...FIELD, name: 'Town' }])).toMatch(/already: "Town"/);
  });

  test('is one of at most 80, and more than 30 may be too many for the plan', () => {
    const fields = Array.from({ length: 80 }, (_, n) => ({ ...FIELD, tag: `F${n}` }));
    expect(whyNotCreated(FIELD, fields.slice(1))).toBeUndefined();
    expect(whyNotCreated(FIELD, fields)).toMatch(/80 merge fields, and Mailchimp allows 80/);
    expect([mayExceedPlan(30), mayExceedPlan(31)]).toEqual([false, true]);
  });
});
