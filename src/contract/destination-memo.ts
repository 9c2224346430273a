import type { Memo } from './read-memo';

/** What a destination writes into its memo, so that lists need no custom search attribute. */
export interface DestinationMemo {
  readonly name: string;
  readonly audience: string;
  readonly state: string;
  /** Name of the account in the configuration. */
  readonly account: string;
  /** Mailchimp's id of the account, since two names may be of one. Empty in the memo of an earlier version. */
  readonly accountId: string;
  readonly labels: readonly string[];
}

/** @returns undefined without a name: its first connect has not succeeded, so it is no destination yet */
export function toDestinationMemo(memo: Memo): DestinationMemo | undefined {
  const text = (key: keyof DestinationMemo) => (typeof memo[key] === 'string' ? memo[key] : '');
  if (text('name') === '') return undefined;
  const { labels } = memo;
  return {
    name: text('name'),
    audience: text('audience'),
    state: text('state'),
    account: text('account'),
    accountId: text('accountId'),
    labels: Array.isArray(labels) ? labels.filter((label) => typeof label === 'string') : [],
  };
}
