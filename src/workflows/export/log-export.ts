import { log, workflowInfo } from '@temporalio/workflow';
import { OUTCOMES } from '../../contract/outcome';
import type { ExportObstacle } from '../../contract/export';
import type { Reason } from '../../contract/reason';
import type { ExportReport } from '../../contract/report';
import type { Run } from './run';

// By Temporal's logger, which does not repeat a line at replay. Fields are ids, counts and closed lists.

function fieldsOf({ input, record }: Run) {
  const { ref, kind, number } = input;
  return {
    destination: ref.destinationId,
    export: ref.exportId,
    step: record.phase,
    kind,
    number,
    attempt: workflowInfo().attempt,
  };
}

/** Once for an export, however often it continues as new. */
export function logStart(run: Run): void {
  if (workflowInfo().continuedFromExecutionRunId === undefined)
    log.info('The export has started', fieldsOf(run));
}

/** @param obstacle null: nothing keeps it any longer */
export function logObstacle(run: Run, obstacle: ExportObstacle | null): void {
  const fields = fieldsOf(run);
  switch (obstacle?.kind) {
    case undefined:
      return log.info('The export goes on', fields);
    case 'held':
      return log.warn('The export is held', {
        ...fields,
        guards: obstacle.held.guards.map(({ code }) => code).join(' '),
      });
    case 'stopped':
      return log.warn('The export has stopped, until it is resumed', {
        ...fields,
        code: obstacle.reason.code,
      });
    case 'waiting':
      return log.warn('The export waits, and tries again', { ...fields, code: obstacle.reason.code });
    case 'cancelling':
      return log.warn('The export winds down', {
        ...fields,
        code: obstacle.failure?.code ?? 'EXPORT_CANCELLED',
      });
  }
}

export function logReport(run: Run, { status, outcomes, durationMs }: ExportReport): void {
  const counted = OUTCOMES.filter((outcome) => outcomes[outcome] > 0);
  log.info('The export has ended', {
    ...fieldsOf(run),
    status,
    durationMs,
    ...Object.fromEntries(counted.map((outcome) => [outcome, outcomes[outcome]])),
  });
}

/** @param failure null: it was cancelled */
export function logEnd(run: Run, failure: Reason | null): void {
  log.warn('The export has ended without a report', {
    ...fieldsOf(run),
    status: failure ? 'failed' : 'cancelled',
    code: failure?.code ?? 'EXPORT_CANCELLED',
  });
}
