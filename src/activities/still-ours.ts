import type { ExportRef } from '../contract/identifiers';
import type { Staging } from '../ports/staging';
import type { Pulse } from './heartbeat';

/**
 * To be asked before each request of a step that sends: one chunk may be hundreds of requests, and a step goes on after its export was
 * terminated. What it sends then would come after what the next export does.
 * @throws CancelledFailure; ExportError SUPERSEDED
 */
export function stillOurs(staging: Staging, ref: ExportRef, pulse: Pulse): () => Promise<void> {
  return async () => {
    pulse.throwIfCancelled();
    await staging.checkClaim(ref);
  };
}
