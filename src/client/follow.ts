import type { ExportView } from '../contract/export';
import type { ExportRef } from '../contract/identifiers';
import type { ExportReport } from '../contract/report';
import { ExportError } from '../errors';
import type { WaitOptions } from './export-handle';
import type { Requests } from './requests';
import { patient, pause, type Contact } from './wait';

const FOLLOW_INTERVAL_MS = 1_000;
/** Short exports end within seconds, long ones take hours: the interval grows with the time that has passed. */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
const GROWTH = 1.3;

/**
 * What its destination knows of an export: neither report nor `running` while it is queued.
 * @throws ExportError EXPORT_NOT_FOUND
 */
export async function find(requests: Requests, { destinationId, exportId }: ExportRef) {
  const { exports, running, queued } = await requests.state(destinationId);
  const report = exports.find((known) => known.exportId === exportId);
  const isRunning = running?.exportId === exportId;
  const isQueued = queued.some((waiting) => waiting.exportId === exportId);
  if (report || isRunning || isQueued) return { report, running: isRunning ? running : undefined };
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `The destination ${destinationId} has no export ${exportId}. It keeps the reports of the last ten exports.`,
  );
}

/** Also what the export says itself, while it runs. @throws ExportError EXPORT_NOT_FOUND */
export async function look(
  requests: Requests,
  ref: ExportRef,
): Promise<{ readonly report: ExportReport | undefined; readonly view: ExportView | undefined }> {
  const { report, running } = await find(requests, ref);
  return { report, view: running && (await requests.progress(ref)) };
}

/** What to wait for, and how. */
export interface Waiting extends WaitOptions {
  readonly requests: Requests;
  readonly ref: ExportRef;
  readonly contact: Contact;
}

/** Waits for the report of an export, or of the one that replaced it. */
export async function endedReport(waiting: Waiting): Promise<ExportReport> {
  const { requests, ref, contact, signal } = waiting;
  let current = ref;
  let waitMs = FIRST_WAIT_MS;
  const ask = patient(() => find(requests, current), contact, waiting);
  for (;;) {
    const { report } = await ask();
    if (report && !report.next) return report;
    if (report?.next) current = { ...ref, exportId: report.next.exportId };
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * GROWTH, LONGEST_WAIT_MS);
  }
}

/** Yields the progress of an export, and of the one that replaced it. */
export async function* follow(waiting: Waiting): AsyncGenerator<ExportView, void> {
  const { requests, ref, contact, signal } = waiting;
  let current = ref;
  const ask = patient(() => look(requests, current), contact, waiting);
  for (;;) {
    const { report, view } = await ask();
    if (report && !report.next) return;
    if (report?.next) current = { ...ref, exportId: report.next.exportId };
    if (view) yield view;
    await pause(FOLLOW_INTERVAL_MS, signal);
  }
}
