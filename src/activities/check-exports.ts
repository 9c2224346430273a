import { Context } from '@temporalio/activity';
import { endedExport, refreshedBy } from '../contract/ended-export';
import type { CompactDestinationView } from '../contract/destination-view';
import type { RefreshedDestination } from '../contract/refresh';
import { ExportError } from '../errors';
import { ASKED_AT_ONCE, type Answer } from './ask-destinations';
import { withHeartbeat } from './heartbeat';
import { mapAtOnce } from './map-at-once';
import { lookAtDestination, unasked } from './rules/look-at-destination';
import { silenceOf } from './rules/refusal';

export interface OpenExport {
  readonly destinationId: string;
  readonly exportId: string;
  readonly number: number;
}

export interface CheckExportsInput {
  readonly exports: readonly OpenExport[];
}

/** Looks at exports that a refresh has asked for: which are open, which have ended, and which wait for a person. Changes nothing. */
export function createCheckExports() {
  return async function checkExports({ exports }: CheckExportsInput): Promise<Answer[]> {
    const { client, info } = Context.current();
    const check = async (asked: OpenExport): Promise<Answer> => {
      const { destinationId, exportId, number } = asked;
      try {
        const look = await lookAtDestination({ client, taskQueue: info.taskQueue }, destinationId);
        if ('line' in look) return { kind: 'line', line: { ...lost(look.line), exportId, number } };
        const answer = answerIn(look.view, asked);
        return answer.kind === 'open' && look.waits ? { kind: 'line', line: look.waits } : answer;
      } catch (error) {
        return { kind: 'silent', destinationId, failure: silenceOf(error) };
      }
    };
    return withHeartbeat(() => mapAtOnce(exports, ASKED_AT_ONCE, check));
  };
}

function answerIn(view: CompactDestinationView, { destinationId, exportId, number }: OpenExport): Answer {
  const report = view.exports.find((one) => one.exportId === exportId);
  const { next } = report ?? {};
  if (next) return answerIn(view, { destinationId, ...next });
  if (report) return { kind: 'line', line: refreshedBy(endedExport(report, exportId)) };
  const open = [view.running, ...view.queued].find((one) => one?.exportId === exportId);
  if (open) return { kind: 'open', destinationId, exportId, number };
  const unknown = new ExportError(
    'EXPORT_NOT_FOUND',
    'The export has ended, and its report is no longer kept.',
  );
  return { kind: 'line', line: { ...unasked(destinationId, unknown), exportId, number } };
}

/** Its destination is gone. One that was removed has cancelled its exports. */
function lost({ destinationId, result, failure }: RefreshedDestination): RefreshedDestination {
  return result === 'skipped'
    ? { destinationId, result: 'cancelled' }
    : { destinationId, result, ...(failure && { failure }) };
}
