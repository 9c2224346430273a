import { createHash } from 'node:crypto';

/** Two spellings of one address have the same key. Mailchimp trims and lower-cases addresses, but its replies may do neither. */
export function addressKey(address: string): string {
  return address.trim().toLowerCase();
}

/** Mailchimp's id of a member in an audience: the MD5 hash of the lower-cased address. */
export function subscriberHash(address: string): string {
  return createHash('md5').update(addressKey(address)).digest('hex');
}
