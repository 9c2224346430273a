import { z } from 'zod';
import { memoryOf, rejectClasses, rowClassesWhere, type RowClass } from './row-class';

/** Classes that a policy may be set for. Not those of contacts that want no mail, nor of those that have to wait: consent has no settings. */
export const REJECT_CLASSES = rejectClasses();

const RejectPolicySchema = z.union([
  z.enum(['until_changed', 'next_export', 'hold']),
  z.strictObject({ afterDays: z.int().min(1).max(366) }),
]);
/**
 * What later exports do with a row that Mailchimp has refused:
 * - `until_changed`: do not send it again until a field or tag of it changes, or a user lifts the refusal.
 * - `{ afterDays }`: the same, but send it again after so many days.
 * - `next_export`: send it again.
 * - `hold`: as `until_changed`; and each export that would leave such a row out is held for approval.
 */
type RejectPolicy = z.infer<typeof RejectPolicySchema>;

export const RejectPoliciesSchema = z.partialRecord(z.enum(REJECT_CLASSES), RejectPolicySchema);
/** By class; a class without a policy has its default. */
export interface RejectPolicies extends z.infer<typeof RejectPoliciesSchema> {}

/** The policy of a class, by the configuration or by default. Undefined: of a throttled row, or of one without proof, which have none. */
function policyOf(name: RowClass, policies: RejectPolicies): RejectPolicy | undefined {
  const { memory, retryAfterDays: afterDays } = memoryOf(name);
  if (memory === 'backOff') return undefined;
  const byDefault =
    memory === 'none' ? 'next_export' : afterDays === undefined ? 'until_changed' : { afterDays };
  return policies[name as keyof RejectPolicies] ?? byDefault;
}

/** Classes whose rows are not sent again as long as they stay the same, each with the days after which they are; undefined: never. */
export function rememberedClasses(
  policies: RejectPolicies = {},
): readonly { readonly name: RowClass; readonly afterDays: number | undefined }[] {
  return rowClassesWhere(() => true).flatMap((name) => {
    const policy = policyOf(name, policies);
    if (policy === undefined || policy === 'next_export') return [];
    return { name, afterDays: typeof policy === 'object' ? policy.afterDays : undefined };
  });
}

/** Classes for which an export is held. */
export function heldClasses(policies: RejectPolicies = {}): readonly RowClass[] {
  return REJECT_CLASSES.filter((name) => policyOf(name, policies) === 'hold');
}
