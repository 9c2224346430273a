import type { StartedExport } from '../contract/destination';
import type { ExportView } from '../contract/export';
import type { ApproveInput, Approved } from '../contract/guard';
import { exportWorkflowId, type ExportRef } from '../contract/identifiers';
import { isPlanned, type ExportReport } from '../contract/report';
import { ExportError } from '../errors';
import {
  approveUpdate,
  cancelExportUpdate,
  denyUpdate,
  pauseUpdate,
  resumeUpdate,
} from '../workflows/messages';
import { notRunning } from './errors';
import { ExportFailedError } from './export-failed-error';
import type { ApprovedExport, ExportHandle, StartedExportHandle, WaitOptions } from './export-handle';
import { endedReport, find, follow, look, type Waiting } from './follow';
import type { Requests } from './requests';
import { runOfExport } from './run-of-export';
import { pause, type Contact } from './wait';

const REPLANNED_INTERVAL_MS = 500;

/** Its own properties are ids only: a handle can be logged, or be the body of an HTTP response. */
export class DestinationExport implements ExportHandle {
  readonly destinationId: string;
  readonly id: string;
  readonly workflowId: string;
  readonly #requests: Requests;
  readonly #contact: Contact;

  constructor(
    requests: Requests,
    { destinationId, exportId }: ExportRef,
    contact: Contact = { hasAnswered: false },
  ) {
    this.destinationId = destinationId;
    this.id = exportId;
    this.workflowId = exportWorkflowId(destinationId);
    this.#requests = requests;
    this.#contact = contact;
  }

  async progress(): Promise<ExportView | undefined> {
    return (await look(this.#requests, this.#ref)).view;
  }

  async report(): Promise<ExportReport | undefined> {
    return (await find(this.#requests, this.#ref)).report;
  }

  async result(options?: WaitOptions): Promise<ExportReport> {
    const report = await endedReport(this.#waiting(options));
    if (report.status === 'completed' || isPlanned(report)) return report;
    throw new ExportFailedError(report);
  }

  follow(options?: WaitOptions): AsyncIterable<ExportView> {
    return follow(this.#waiting(options));
  }

  async runId(): Promise<string | undefined> {
    return this.#requests.withoutWorker(() => runOfExport(this.#requests, this.#ref));
  }

  async pause(): Promise<void> {
    await this.#requests.updateExport(this.#ref, (open, envelope) =>
      open.startUpdate(pauseUpdate, { args: [envelope], waitForStage: 'ACCEPTED' }),
    );
  }

  async resume(): Promise<void> {
    await this.#requests.updateExport(this.#ref, (open, envelope) =>
      open.startUpdate(resumeUpdate, { args: [envelope], waitForStage: 'ACCEPTED' }),
    );
  }

  async approve(said: ApproveInput): Promise<ApprovedExport> {
    const input = this.#decided(said);
    const disposition = await this.#requests
      .updateExport(this.#ref, (open, envelope) =>
        open.startUpdate(approveUpdate, { args: [input, envelope], waitForStage: 'ACCEPTED' }),
      )
      .catch((error: unknown) => this.#earlier(error, (report) => approvalIn(report, input)));
    if (disposition === 'approved') return { disposition, exportId: this.id, number: await this.#number() };
    const { number, next } = await this.#ended();
    return { disposition, ...(next ?? { exportId: this.id, number }) };
  }

  async deny(said: ApproveInput): Promise<void> {
    const input = this.#decided(said);
    await this.#requests
      .updateExport(this.#ref, (open, envelope) =>
        open.startUpdate(denyUpdate, { args: [input, envelope], waitForStage: 'ACCEPTED' }),
      )
      .catch((error: unknown) =>
        this.#earlier(error, ({ denial }) => (denial?.planId === input.planId ? null : undefined)),
      );
  }

  async cancel(): Promise<void> {
    const { destinationId, id: exportId } = this;
    await this.#requests.updateDestination(destinationId, cancelExportUpdate, { exportId });
  }

  /** By the person that the host knows. */
  #decided(input: ApproveInput): ApproveInput {
    const { person } = this.#requests;
    return person === undefined ? input : { ...input, by: person };
  }

  get #ref(): ExportRef {
    return { destinationId: this.destinationId, exportId: this.id };
  }

  #waiting(options: WaitOptions = {}): Waiting {
    return { ...options, requests: this.#requests, ref: this.#ref, contact: this.#contact };
  }

  /** Gives a repeated decision the answer of the first one, if the export has ended since. */
  async #earlier<Answer>(
    error: unknown,
    answerIn: (report: ExportReport) => Answer | undefined,
  ): Promise<Answer> {
    if (!(error instanceof ExportError) || error.code !== 'EXPORT_NOT_FOUND') throw error;
    const report = await this.report();
    const answer = report && answerIn(report);
    if (answer === undefined) throw error;
    return answer;
  }

  async #number(): Promise<number> {
    const { report, running } = await find(this.#requests, this.#ref);
    const known = report ?? running;
    if (known) return known.number;
    throw notRunning(this.#ref);
  }

  /** An export that is replanned ends at once, but its destination has to learn it. */
  async #ended(): Promise<ExportReport> {
    for (;;) {
      const report = await this.report();
      if (report) return report;
      await pause(REPLANNED_INTERVAL_MS, undefined);
    }
  }
}

function approvalIn({ approval, next }: ExportReport, { planId }: ApproveInput): Approved | undefined {
  if (approval?.planId !== planId) return undefined;
  return next ? 'replanned' : 'approved';
}

/** A handle with what its start returned. */
export class StartedDestinationExport extends DestinationExport implements StartedExportHandle {
  readonly number: number;
  readonly disposition: StartedExport['disposition'];
  readonly firstExecutionRunId: string | undefined;

  constructor(requests: Requests, destinationId: string, started: StartedExport) {
    super(requests, { destinationId, exportId: started.exportId }, { hasAnswered: true });
    this.number = started.number;
    this.disposition = started.disposition;
    this.firstExecutionRunId = started.firstExecutionRunId;
  }
}
