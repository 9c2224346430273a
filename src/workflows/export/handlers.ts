import { setHandler } from '@temporalio/workflow';
import type { Envelope } from '../../contract/destination';
import { ApproveInputSchema, type ApproveInput } from '../../contract/guard';
import { parse } from '../../contract/parse';
import { toFailure } from '../failure';
import { approve, deny, requireApprovable, requireDeniable } from './approval';
import { preflight } from './prepare';
import { requireInTime, validating } from '../request-validation';
import { approveUpdate, pauseUpdate, progressQuery, denyUpdate, resumeUpdate } from '../messages';
import { refreshDetails, toView, type Run } from './run';

/** All may be repeated: pausing what is paused, resuming what runs and approving what is approved change nothing. */
export function answerExportMessages(run: Run): void {
  setHandler(progressQuery, () => toView(run), { description: 'Where this export stands, in counts' });
  setHandler(
    pauseUpdate,
    () => {
      run.isPaused = true;
      refreshDetails(run);
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
      refreshDetails(run);
      return null;
    },
    {
      description: 'Go on after a pause, or after what stopped the export was mended',
      validator: inTime,
    },
  );
  answerDecisions(run);
}

function answerDecisions(run: Run): void {
  setHandler(approveUpdate, (request) => answering(() => approve(run, toDecision(request))), {
    description: 'Send what the export was held for; names the plan',
    validator: validating((request: ApproveInput, envelope: Envelope) => {
      requireInTime(envelope);
      requireApprovable(run, toDecision(request).planId);
    }),
  });
  setHandler(
    denyUpdate,
    (request) =>
      answering(() => {
        deny(run, toDecision(request).planId);
        return null;
      }),
    {
      description: 'End a held export with nothing sent; names the plan',
      validator: validating((request: ApproveInput, envelope: Envelope) => {
        requireInTime(envelope);
        requireDeniable(run, toDecision(request).planId);
      }),
    },
  );
}

function toDecision(request: unknown) {
  return parse(ApproveInputSchema, request, { what: 'The decision about a held export' });
}

/** What a validator has let pass may be refused all the same: validators of one task all run before its handlers. */
function answering<Answer>(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    throw toFailure(error);
  }
}

/** Settling needs nothing of Mailchimp's. */
function recheck(run: Run): Promise<unknown> | null {
  if (run.phase === 'settling') return null;
  const checked = preflight(run);
  // Nobody waits for it any more where the export was cancelled meanwhile, and a rejection without a listener fails the workflow task for ever.
  checked.catch(() => undefined);
  return checked;
}

const inTime = validating((envelope: Envelope) => {
  requireInTime(envelope);
});
