import { condition, isCancellation, patched } from '@temporalio/workflow';
import { hasStaleChanged, withStale } from './alerts';
import { publishAttributes, type Destination } from './live-destination';
import { staleAtMs } from './stale';

/** Shows the destination as stale when it becomes so, and announces it. One timer for each time at which that is due; none where it never is. */
export async function watchAge(destination: Destination): Promise<void> {
  const dueMs = () => staleAtMs(destination.state);
  try {
    for (;;) {
      announceStale(destination);
      const due = dueMs();
      const leftMs = due === undefined ? 0 : due - Date.now();
      const hasChanged = () => dueMs() !== due;
      if (leftMs > 0) await condition(hasChanged, leftMs, { summary: 'Until the destination is stale' });
      else await condition(hasChanged);
      destination.show();
      publishAttributes(destination);
    }
  } catch (error) {
    // With the destination, which the main loop ends.
    if (!isCancellation(error)) throw error;
  }
}

function announceStale(destination: Destination): void {
  if (!hasStaleChanged(destination.state, Date.now()) || !patched('temporal-mailchimp-alerts')) return;
  destination.update((state) => withStale(destination.destinationId, state, Date.now()));
}
