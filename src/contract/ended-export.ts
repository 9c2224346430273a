import { z } from 'zod';
import { onOneLine } from '../errors';
import { bytesOf } from './compact';
import { DestinationIdSchema } from './identifiers';
import { OUTCOMES } from './outcome';
import { ReasonSchema, type Reason } from './reason';
import type { RefreshResult, RefreshedDestination } from './refresh';
import type { ExportReport, ExportStatus } from './report';

const STATUSES = ['completed', 'planned', 'cancelled', 'denied', 'expired', 'replanned', 'failed'] as const;

const EndedExportSchema = z.object({
  destinationId: DestinationIdSchema,
  /** The export that the workflow was answered with; `exportId` is its successor where it was replanned. */
  requested: z.string(),
  exportId: z.string(),
  number: z.int(),
  status: z.enum(STATUSES satisfies readonly ExportStatus[]),
  /** Those that are not 0. */
  outcomes: z.partialRecord(z.enum(OUTCOMES), z.int()),
  failure: ReasonSchema.optional(),
});
/** What a destination says of an export that has ended to a workflow that asked for it. */
export interface EndedExport extends z.output<typeof EndedExportSchema> {}

/** Undefined for anything else: a signal cannot be refused. */
export function parseEndedExport(signal: unknown): EndedExport | undefined {
  return EndedExportSchema.safeParse(signal).data;
}

/** A refresh keeps many of them in one payload. */
const LONGEST_MESSAGE = 160;

/** Messages that take this much together are kept. */
const MESSAGES_BYTES = 100_000;

const LEFT_OUT = 'The message is left out: there are too many.';

/** The results of a thousand destinations, of which all may have failed, in a bounded number of bytes. */
export function boundedLines(lines: readonly RefreshedDestination[]): readonly RefreshedDestination[] {
  let bytes = 0;
  return lines.map((line) => {
    if (!line.failure) return line;
    bytes += bytesOf(line.failure.message);
    return bytes <= MESSAGES_BYTES ? line : { ...line, failure: { ...line.failure, message: LEFT_OUT } };
  });
}

export function shortReason({ code, message }: Reason): Reason {
  const line = onOneLine(message);
  return {
    code,
    message: line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE - 1)}…` : line,
  };
}

export function endedExport(report: ExportReport, requested: string): EndedExport {
  const { destinationId, exportId, number, status, failure } = report;
  const outcomes = Object.fromEntries(
    OUTCOMES.filter((outcome) => report.outcomes[outcome] > 0).map((outcome) => [
      outcome,
      report.outcomes[outcome],
    ]),
  );
  return {
    destinationId,
    requested,
    exportId,
    number,
    status,
    outcomes,
    ...(failure && { failure: shortReason(failure) }),
  };
}

/** What a refresh reports of an export that has ended. */
export function refreshedBy(ended: EndedExport): RefreshedDestination {
  const { destinationId, exportId, number, status, outcomes } = ended;
  const failure = status === 'expired' ? EXPIRED : ended.failure;
  return {
    destinationId,
    result: resultOf(ended),
    exportId,
    number,
    outcomes,
    ...(failure && status !== 'cancelled' && { failure }),
  };
}

const EXPIRED: Reason = {
  code: 'EXPORT_EXPIRED',
  message: 'It was held, and was not approved in time. Nothing was sent.',
};

/** Outcomes of rows that were sent. */
const SENT = ['created', 'updated', 'removed', 'archived', 'throttled', 'rejected', 'unproven'] as const;

function resultOf({ status, outcomes }: EndedExport): RefreshResult {
  switch (status) {
    case 'completed':
    case 'planned':
      return SENT.some((outcome) => outcomes[outcome] !== undefined) ? 'exported' : 'unchanged';
    case 'cancelled':
    case 'denied':
      return status;
    // Without a successor, its destination was removed.
    case 'replanned':
      return 'cancelled';
    case 'expired':
    case 'failed':
      return 'failed';
    default:
      return status satisfies never;
  }
}
