import { createHash } from 'node:crypto';
import { accountWorkflowId } from '../contract/identifiers';
import type { AccountInfo } from '../ports/mailchimp';

export interface SignedIn {
  /** The key, whose last part names its data centre. */
  readonly apiKey: string;
  readonly baseUrl?: string | undefined;
  readonly login: Pick<AccountInfo, 'accountId' | 'loginId'>;
}

/**
 * The workflow that divides the connections of a user among the workers of a task queue. It names the user by ids of Mailchimp: no key and no
 * address.
 */
export function accountWorkflowOf({ apiKey, baseUrl, login }: SignedIn, taskQueue: string): string {
  const { accountId, loginId } = login;
  const place = baseUrl === undefined ? (apiKey.split('-').at(-1) ?? '') : digest(baseUrl);
  return accountWorkflowId({ place, accountId: plain(accountId), loginId: plain(loginId) }, plain(taskQueue));
}

/** What is long, or may break a line of a terminal, becomes a digest. */
function plain(part: string): string {
  return /^[\w.:-]{1,200}$/.test(part) ? part : digest(part);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
