import type { StartedExport } from '../../contract/destination';
import { destinationWorkflowId, exportWorkflowId } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import { describeFailure, describeStatus } from '../../text/describe-export';
import { detailsPage, inMarkdown, linkTo } from '../details-page';

interface Requested {
  readonly destinationId: string;
  readonly started: StartedExport;
  readonly namespace: string;
}

const DISPOSITIONS: Readonly<Record<StartedExport['disposition'], string>> = {
  started: 'has started',
  joined: 'ran already, and is joined',
  queued: 'is queued',
};

/** The page in the Web UI of a request for an export: that it has begun, or how it has ended. Ids and counts only. */
export function describeRequested(
  { destinationId, started, namespace }: Requested,
  report?: ExportReport,
): string {
  const { number, disposition } = started;
  const words = report
    ? [describeStatus(report), describeFailure(report)].filter(Boolean).join(' ')
    : `Export ${number} of ${destinationId} ${DISPOSITIONS[disposition]}`;
  const watch = inMarkdown(`temporal-mailchimp export watch ${destinationId} ${number}`);
  return detailsPage(inMarkdown(words), [
    // All exports of a destination have one workflow id: the link shows the latest.
    ['Export', linkTo(`export ${number}`, { namespace, workflowId: exportWorkflowId(destinationId) })],
    ['Destination', linkTo(destinationId, { namespace, workflowId: destinationWorkflowId(destinationId) })],
    ...(report ? [] : ([['To follow it', watch]] as const)),
  ]);
}
