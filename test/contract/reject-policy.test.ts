import { describe, expect, test } from '@jest/globals';
import {
  heldClasses,
  REJECT_CLASSES,
  RejectPoliciesSchema,
  rememberedClasses,
} from '../../src/contract/reject-policy';

const remembered = (...parameters: Parameters<typeof rememberedClasses>) =>
  Object.fromEntries(
    rememberedClasses(...parameters).map(({ name, afterDays }) => [name, afterDays ?? 'until_changed']),
  );

describe('what later exports do with a refused row', () => {
  test('is, without a policy, what is safe for its class', () => {
    expect(remembered()).toEqual({
      fake: 'until_changed',
      address_blank: 'until_changed',
      address_invalid: 'until_changed',
      merge_field: 7,
      sms: 'until_changed',
      schema: 'until_changed',
      compliance: 'until_changed',
      forgotten: 'until_changed',
      cleaned: 'until_changed',
    });
    expect(heldClasses()).toEqual([]);
  });

  test('is what its policy says, and the default for all other classes', () => {
    const policies = {
      fake: 'next_export',
      merge_field: 'hold',
      sms: { afterDays: 3 },
      unknown: 'until_changed',
    } as const;
    const { fake: _, ...others } = remembered();
    expect(remembered(policies)).toEqual({
      ...others,
      merge_field: 'until_changed',
      sms: 3,
      unknown: 'until_changed',
    });
    expect(heldClasses(policies)).toEqual(['merge_field']);
  });

  test.each(['compliance', 'forgotten', 'cleaned', 'too_many_signups', 'no_answer', 'resubscribed'])(
    'has no policy where consent, a wait or missing proof decide: %s',
    (name) => {
      expect(REJECT_CLASSES).not.toContain(name);
      expect(RejectPoliciesSchema.safeParse({ [name]: 'next_export' }).success).toBe(false);
    },
  );

  test.each([{ fake: 'never' }, { fake: { afterDays: 0 } }, { fake: { afterDays: 1.5 } }, { other: 'hold' }])(
    'is refused in another form: %j',
    (policies) => {
      expect(RejectPoliciesSchema.safeParse(policies).success).toBe(false);
    },
  );
});
