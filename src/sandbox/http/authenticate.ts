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
  // Any user name will do: the key is the password.
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/** Whose key or token it is. A key is good only with its own data centre behind the dash. */
export function authenticate(world: World, header: string | undefined): Account | Refusal {
  const secret = header === undefined ? undefined : secretOf(header);
  if (secret === undefined || secret === '') return keyMissing;
  const { keysRevoked, accountDisabled } = world.settings.switches;
  const account = world.accounts.find((one) => one.apiKeys.includes(secret) || one.tokens.has(secret));
  if (!account || keysRevoked) return keyInvalid;
  return accountDisabled ? userDisabled : account;
}
