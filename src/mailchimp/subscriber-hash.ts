import { createHash } from 'node:crypto';

/** Two spellings of one address have one key. Mailchimp trims and lower-cases, and its echo may do neither. */
export function addressKey(address: string): string {
  return address.trim().toLowerCase();
}

/** Mailchimp's id of a member within an audience: MD5 of the lower-cased address. */
export function subscriberHash(address: string): string {
  return createHash('md5').update(addressKey(address)).digest('hex');
}
