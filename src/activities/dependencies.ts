import type { BatchOperation, Delivery, MailchimpAccount, OperationResult } from '../ports/mailchimp';
import type { FieldMatch } from '../contract/merge-field';
import type { Chunk, RowResult } from '../contract/plan';
import type { OpenSource } from '../ports/source';
import type { Staging } from '../ports/staging';

/** Everything that a step may touch. Made once by the composition root; opened and closed with the worker. */
export interface ActivityDependencies {
  readonly staging: Staging;
  /** Days that row files of ended exports are kept. */
  readonly keepDays: number;
  /**
   * Resolves the account's secret anew each time, so that a replaced key works at the next attempt. `guard` is asked before each request.
   * @throws ExportError ACCOUNT_NOT_FOUND, SECRET_UNAVAILABLE, KEY_INVALID
   */
  readonly openAccount: (name: string, guard?: () => Promise<void>) => Promise<MailchimpAccount>;
  /** @throws ExportError SOURCE_NOT_FOUND */
  readonly openSource: (name: string) => Promise<OpenSource>;
  /** Attributes to read, in the order that staging expects them. */
  readonly extractAttributes: (matching: {
    readonly email: string;
    readonly fields: readonly FieldMatch[];
    readonly latest: string | null;
  }) => readonly string[];
  /** For work that holds a whole part in memory: a few at once, of all exports of an account together. */
  readonly withPartInMemory: <Result>(account: string, work: () => Promise<Result>) => Promise<Result>;
  readonly chunkOperation: (delivery: Delivery, chunk: Chunk, operationId: string) => BatchOperation;
  readonly accountFor: (
    chunk: Chunk,
    result: Pick<OperationResult, 'status' | 'response'>,
    statusIfNew: string,
  ) => readonly RowResult[];
}
