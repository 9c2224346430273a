import type { AccountConfig } from './config';

/** How an account authenticates, and the reference to its secret. */
export interface AccountCredential {
  readonly kind: 'apiKey' | 'oauth';
  readonly reference: string;
}

/** Of the two, an account has exactly one: the schema refuses others. */
export function credentialOf({ apiKey, oauth }: Pick<AccountConfig, 'apiKey' | 'oauth'>): AccountCredential {
  return oauth ? { kind: 'oauth', reference: oauth.token } : { kind: 'apiKey', reference: apiKey ?? '' };
}
