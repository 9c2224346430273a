import type { StartedExport } from '../../contract/destination';
import type { CompactDestinationView } from '../../contract/destination-view';
import { endedExport, refreshedBy } from '../../contract/ended-export';
import type { Answer } from '../ask-destinations';

/**
 * What a refresh knows of an export that it has asked for. It may have ended: the answer to an earlier attempt was lost. One that was replanned is
 * open as long as another one has taken its place; without one, its destination was removed, or its consent withdrawn.
 */
export function answerOfRequest(
  { destinationId, exports }: Pick<CompactDestinationView, 'destinationId' | 'exports'>,
  { exportId, number, disposition }: Pick<StartedExport, 'exportId' | 'number' | 'disposition'>,
): Answer {
  const hasJoined = disposition === 'joined' && { hasJoined: true as const };
  const report = exports.find((one) => one.exportId === exportId);
  if (!report || report.next) return { kind: 'open', destinationId, exportId, number, ...hasJoined };
  return { kind: 'line', line: { ...refreshedBy(endedExport(report, exportId)), ...hasJoined } };
}
