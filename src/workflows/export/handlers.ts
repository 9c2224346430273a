import { setHandler, workflowInfo } from '@temporalio/workflow';
import type { ExportEnvelope } from '../../contract/destination';
import { ApproveInputSchema, type ApproveInput } from '../../contract/guard';
import { parse } from '../../contract/parse';
import { toFailure } from '../failure';
import { approve, deny, requireApprovable, requireDeniable } from './approval';
import { preflight } from './prepare';
import { requireForExport, validating } from '../request-validation';
import { approveUpdate, pauseUpdate, progressQuery, denyUpdate, resumeUpdate } from '../messages';
import { setObstacle, setPaused, toView, type Run } from './run';

/** All requests may be repeated: to pause a paused export, resume a running one or approve an approved one changes nothing. */
export function answerExportMessages(run: Run): void {
  const isMeant = validating((envelope: ExportEnvelope) =>
    requireForExport(envelope, run.input.ref, workflowInfo().taskQueue),
  );
  setHandler(progressQuery, () => toView(run), { description: 'Where this export stands, in counts' });
  setHandler(
    pauseUpdate,
    () => {
      setPaused(run, true);
      return null;
    },
    {
      description: 'Send nothing new until resume; batches at Mailchimp finish and are read',
      validator: isMeant,
    },
  );
  setHandler(
    resumeUpdate,
    () => {
      if (run.obstacle?.kind === 'stopped') run.recheck = recheck(run);
      setPaused(run, false);
      // A held export is resumed by a decision only.
      if (run.obstacle?.kind !== 'held') setObstacle(run, null);
      return null;
    },
    {
      description: 'Continue after a pause, or after the cause of a stop was fixed',
      validator: isMeant,
    },
  );
  answerDecisions(run);
}

function answerDecisions(run: Run): void {
  setHandler(approveUpdate, (request) => answering(() => approve(run, toDecision(request))), {
    description: 'Send what the export was held for; names the plan',
    validator: validating((request: ApproveInput, envelope: ExportEnvelope) => {
      requireForExport(envelope, run.input.ref, workflowInfo().taskQueue);
      requireApprovable(run, toDecision(request));
    }),
  });
  setHandler(
    denyUpdate,
    (request) =>
      answering(() => {
        deny(run, toDecision(request));
        return null;
      }),
    {
      description: 'End a held export with nothing sent; names the plan',
      validator: validating((request: ApproveInput, envelope: ExportEnvelope) => {
        requireForExport(envelope, run.input.ref, workflowInfo().taskQueue);
        requireDeniable(run, toDecision(request).planId);
      }),
    },
  );
}

function toDecision(request: unknown) {
  return parse(ApproveInputSchema, request, { what: 'The decision about a held export' });
}

/** A handler may refuse what its validator accepted: the validators of one workflow task all run before its handlers. */
function answering<Answer>(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    throw toFailure(error);
  }
}

/** Settling needs nothing from Mailchimp, and a forget nothing of the configuration. */
function recheck(run: Run): Promise<void> | null {
  if (run.record.phase === 'settling' || run.input.kind === 'forget') return null;
  const checked = preflight(run).then(() => undefined);
  // After a cancellation nothing awaits it, and an unhandled rejection would fail the workflow task again and again.
  checked.catch(() => undefined);
  return checked;
}
