import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { CompactDestinationView, RunningExport } from '../../contract/destination-view';
import type { ExportView } from '../../contract/export';
import { shortReason } from '../../contract/ended-export';
import { destinationWorkflowId, exportWorkflowId } from '../../contract/identifiers';
import type { RefreshedDestination, SkipReason } from '../../contract/refresh';
import { ExportError, ownerMismatch } from '../../errors';
import { progressQuery, stateQuery } from '../../workflows/messages';

/** What an activity of a refresh asks with. */
export interface Asker {
  readonly client: Client;
  /** Of the refresh: only destinations that belong to it are asked. */
  readonly taskQueue: string;
}

/** What a destination does now, or why it cannot be asked for an export. */
export type Look =
  | {
      readonly view: CompactDestinationView;
      /** Its running export waits for a person. */
      readonly waits?: RefreshedDestination;
    }
  | {
      readonly line: RefreshedDestination;
      /** Why it cannot be asked, in full. Undefined where `line` says it. */
      readonly refusal?: ExportError;
    };

/** How long one request may take. A destination whose worker is busy answers later, and is asked again. */
const REQUEST_TIMEOUT_MS = 10_000;

export function inTime<Result>({ client }: Asker, work: () => Promise<Result>): Promise<Result> {
  return client.withDeadline(Date.now() + REQUEST_TIMEOUT_MS, work);
}

/** Reads the state of a destination, and whether its running export waits for a person. Changes nothing. */
export async function lookAtDestination(asker: Asker, destinationId: string): Promise<Look> {
  const handle = asker.client.workflow.getHandle(destinationWorkflowId(destinationId));
  const found = await ifFound(() => describeLatest(asker, handle));
  if (!found) return { line: skipped(destinationId, 'not_found') };
  const { status, memo, taskQueue } = found;
  if (status.name !== 'RUNNING') {
    return ended(destinationId, { phase: memo?.['state'], status: status.name });
  }
  if (taskQueue !== asker.taskQueue)
    return withRefusal(destinationId, ownerMismatch(destinationId, taskQueue));
  const view = await inTime(asker, () => handle.query(stateQuery));
  const line = whyNotAsked(view);
  if (line) return { line };
  const waits = view.running ? await waitingForPerson(asker, view.destinationId, view.running) : undefined;
  return { view, ...(waits && { waits }) };
}

/** Between two runs. The SDK's server for tests, which skips time, shows the old one for a moment. */
const BETWEEN = 'CONTINUED_AS_NEW';
const LOOKS_BETWEEN = 20;
const BETWEEN_MS = 100;

async function describeLatest(asker: Asker, handle: WorkflowHandle): Promise<WorkflowExecutionDescription> {
  for (let look = 1; ; look += 1) {
    const found = await inTime(asker, () => handle.describe());
    if (found.status.name !== BETWEEN || look === LOOKS_BETWEEN) return found;
    await delay(BETWEEN_MS);
  }
}

function whyNotAsked({ destinationId, phase, consent }: CompactDestinationView) {
  if (phase === 'connecting') return skipped(destinationId, 'not_found');
  if (phase === 'removed') return skipped(destinationId, 'removed');
  if (!consent || consent.withdrawnAt !== undefined) return skipped(destinationId, 'consent_withdrawn');
  return phase === 'connected' ? skipped(destinationId, 'not_configured') : undefined;
}

/** How a workflow that is closed has ended: after a refused first connect there was no destination. */
function ended(
  destinationId: string,
  { phase, status }: { readonly phase: unknown; readonly status: string },
): Look {
  if (phase === 'connecting') return { line: skipped(destinationId, 'not_found') };
  if (phase === 'removed' || status === 'COMPLETED') return { line: skipped(destinationId, 'removed') };
  const refusal = new ExportError(
    'DESTINATION_TERMINATED',
    `The workflow of the destination ${destinationId} was ended in Temporal (${status}). Connect it again with --adopt, then configure it.`,
  );
  return withRefusal(destinationId, refusal);
}

function withRefusal(destinationId: string, refusal: ExportError): Look {
  return { line: unasked(destinationId, refusal), refusal };
}

/** A report of the export that keeps the next one of its destination waiting. */
async function waitingForPerson(
  asker: Asker,
  destinationId: string,
  { exportId, number }: RunningExport,
): Promise<RefreshedDestination | undefined> {
  const handle = asker.client.workflow.getHandle(exportWorkflowId(destinationId));
  const view = await ifFound(() => inTime(asker, () => handle.query(progressQuery)));
  if (view?.ref.exportId !== exportId) return undefined;
  const waits = whyItWaits(view);
  return waits && { destinationId, exportId, number, ...waits };
}

/** After this time, an export that waits for Mailchimp, or for its store, keeps no refresh open: the next one would be left out for all accounts. */
const WAITS_MS = 10 * 60_000;

function whyItWaits({
  state,
  isPaused,
}: ExportView): Pick<RefreshedDestination, 'result' | 'failure'> | undefined {
  if (state.kind === 'held') return { result: 'held' };
  if (state.kind === 'stopped') return { result: 'stopped', failure: shortReason(state.reason) };
  // Also where it waits for Mailchimp: it would send nothing afterwards.
  if (isPaused && state.kind !== 'cancelling') return { result: 'paused' };
  const hasWaited = state.kind === 'waiting' && Date.now() - Date.parse(state.since) > WAITS_MS;
  return hasWaited ? { result: 'waiting', failure: shortReason(state.reason) } : undefined;
}

export function skipped(destinationId: string, why: SkipReason): RefreshedDestination {
  return { destinationId, result: 'skipped', skipped: why };
}

export function unasked(destinationId: string, { code, message }: ExportError): RefreshedDestination {
  return { destinationId, result: 'failed', failure: shortReason({ code, message }) };
}

/** Undefined: there is no such workflow. */
async function ifFound<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
