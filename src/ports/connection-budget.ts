import type { Lease, LeaseRequest, Release } from '../contract/account-budget';

/** What a process says of itself; who it is, the implementation adds. */
export type Asked = Omit<LeaseRequest, 'holder' | 'identity' | 'process' | 'waits'>;

/**
 * Divides the connections of one Mailchimp user among all processes that use it. A process asks with numbers that grow, one request at a time: a
 * request replaces the one before, whose answer does not count any longer.
 */
export interface ConnectionBudget {
  /**
   * Answers when the process may have other connections than it has, or after some time with what it has. May be called again at any time.
   * @throws when nothing answers; what the process has then ends with its lease
   */
  readonly ask: (asked: Asked) => Promise<Lease>;
  /** Gives all connections back but those in use, without waiting for an answer. Never throws: where it is lost, the lease ends. */
  readonly release: (release: Pick<Release, 'number' | 'inUse'>) => Promise<void>;
  /** Ends what waits for an answer. */
  readonly close: () => void;
}
