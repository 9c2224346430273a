/**
 * Whole replies of an account that has reached its contact limit. Whole, since a merge field may be called PLAN, a tag "Premium plan", and an
 * address may be at health-plan.org. Mailchimp documents none of them.
 */
const REPLIES: readonly RegExp[] = [
  /^you have reached the contact limit of your plan\. please upgrade to add more contacts\.?$/i,
  /^(?:you have|you've|your account has) (?:reached|exceeded) (?:your|the|its) (?:plan's )?contact limit\.?$/i,
  /^your plan allows [\d,. ]+ contacts\. upgrade to add more\.?$/i,
  /^your plan does not have it\.?$/i,
  /^this account has reached its contact limit\. upgrade (?:your|the) plan to add more contacts\.?$/i,
];

export function isPlanLimit(text: string): boolean {
  const whole = text.trim().replaceAll(/\s+/g, ' ');
  return REPLIES.some((reply) => reply.test(whole));
}
