import type { Audience } from './audience';
import type { Batch } from '../batches/batch';
import type { Journal } from '../keep/journal';
import type { BatchPace, DirectPace } from '../pace';

/** What becomes of an audience that is deleted: requests to it are 404 from then on. */
export function deleteAudience(account: Account, id: string): void {
  const audience = account.audiences.get(id);
  if (!audience) return;
  account.audiences.delete(id);
  account.journal?.onAudienceGone(audience);
}

/** One Mailchimp account with its user: keys, audiences, batches and the connections in use. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly dc: string;
  readonly apiKeys: readonly string[];
  readonly tokens: Set<string>;
  readonly audiences: Map<string, Audience>;
  readonly batches: Map<string, Batch>;
  /** Batches of this account that are being processed. */
  running: number;
  readonly batchPace: BatchPace;
  readonly directPace: DirectPace;
  /** Undefined: its state is lost when the sandbox closes. */
  journal: Journal | undefined;
  inFlight: number;
  /** Maximum number of simultaneous connections since the counters were cleared. */
  maxConcurrent: number;
}
