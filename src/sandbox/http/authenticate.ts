import type { Account } from '../model/account';
import type { Refusal } from '../problem';
import type { World } from '../world';
import { keyInvalid, keyMissing, userDisabled } from '../problem';

const SCHEME = /^(Basic|Bearer|OAuth)\s+(.+)$/i;

function secretOf(header: string): string | undefined {
  const found = SCHEME.exec(header.trim());
  if (!found) return undefined;
  const [, scheme, value] = found as unknown as [string, string, string];
  if (scheme.toLowerCase() !== 'basic') return value.trim();
  // The key is the password; any user name is accepted.
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/** The account of a key or token. A key is valid only with its own data centre after the dash. */
export function authenticate(world: World, header: string | undefined): Account | Refusal {
  const secret = header === undefined ? undefined : secretOf(header);
  if (secret === undefined || secret === '') return keyMissing;
  const { keysRevoked, revokedKeys, tokensRevoked, accountDisabled } = world.settings.switches;
  const account = world.accounts.find((one) => one.apiKeys.includes(secret) || one.tokens.has(secret));
  const isRevoked = keysRevoked || (tokensRevoked && account?.tokens.has(secret));
  if (!account || isRevoked || revokedKeys.split(',').includes(secret)) return keyInvalid;
  return accountDisabled ? userDisabled : account;
}
