import { setHandler } from '@temporalio/workflow';
import type { Envelope } from '../contract/destination';
import { preflight } from './preparation';
import { requireInTime, validating } from './handlers';
import { pauseUpdate, progressQuery, resumeUpdate } from './messages';
import { show, toView, type Run } from './run';

/** Both may be repeated: pausing what is paused and resuming what runs change nothing. */
export function answerExportMessages(run: Run): void {
  setHandler(progressQuery, () => toView(run), { description: 'Where this export stands, in counts' });
  setHandler(
    pauseUpdate,
    () => {
      run.isPaused = true;
      show(run);
      return null;
    },
    {
      description: 'Send nothing new until resume; batches at Mailchimp finish and are read',
      validator: inTime,
    },
  );
  setHandler(
    resumeUpdate,
    () => {
      if (run.stopped) run.recheck = recheck(run);
      run.isPaused = false;
      run.waiting = null;
      run.stopped = null;
      show(run);
      return null;
    },
    {
      description: 'Go on after a pause, or after what stopped the export was mended',
      validator: inTime,
    },
  );
}

/** Settling needs nothing of Mailchimp's. */
function recheck(run: Run): Promise<void> | null {
  if (run.phase === 'settling') return null;
  const checked = preflight(run);
  // Nobody waits for it any more where the export was cancelled meanwhile, and a rejection without a listener fails the workflow task for ever.
  checked.catch(() => undefined);
  return checked;
}

const inTime = validating((envelope: Envelope) => {
  requireInTime(envelope);
});
