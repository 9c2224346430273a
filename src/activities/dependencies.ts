import type { Alerts } from '../ports/alerts';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { OpenSource } from '../ports/source';
import type { Staging } from '../ports/staging';

/** How a step uses an account. */
export interface AccountUse {
  /** Runs before each request; when it throws, the request is not sent. */
  readonly guard?: () => Promise<void>;
  /** When it is aborted, nothing waits for a connection or a reply any longer: the calls fail with its reason. */
  readonly signal?: AbortSignal;
  /** Decides which requests get the next connection. @default small work of no destination */
  readonly work?: {
    readonly destinationId?: string | undefined;
    /** Requests that the export still needs, about. @default few */
    readonly requests?: number | undefined;
  };
}

/** What the activities work with. Opened by the plugin when its worker runs, and closed with it. */
export interface ActivityDependencies {
  readonly staging: Staging;
  readonly alerts: Alerts;
  /** Exports of a destination whose row files are kept. */
  readonly keepExports: number;
  /** Whether contacts that Mailchimp says are permanently deleted are forgotten. */
  readonly forgetDeleted: boolean;
  /** Whether destinations and exports set search attributes, where the namespace has them. */
  readonly searchAttributes: boolean;
  /** Seconds that a step of an export waits for a worker that reaches the store. */
  readonly workerTimeoutSeconds: number;
  /**
   * Opens an account by its name in the worker's configuration. Resolves the account's secret at each call, so that a replaced key works at
   * the next attempt.
   * @throws ExportError ACCOUNT_NOT_FOUND, SECRET_UNAVAILABLE, KEY_INVALID
   */
  readonly openAccount: (name: string, use?: AccountUse) => Promise<MailchimpAccount>;
  /** Opens a source by its name in the worker's configuration. The caller closes it. @throws ExportError SOURCE_NOT_FOUND */
  readonly openSource: (name: string) => Promise<OpenSource>;
  /** Runs work that keeps a whole part in memory: at most two at a time for each account, over all exports of the worker. */
  readonly withPartInMemory: <Result>(account: string, work: () => Promise<Result>) => Promise<Result>;
}
