import { currentUpdateInfo } from '@temporalio/workflow';
import { EnvelopeSchema, ExportEnvelopeSchema, type Envelope } from '../contract/destination';
import type { ExportRef } from '../contract/identifiers';
import { parse } from '../contract/parse';
import { ExportError, ownerMismatch } from '../errors';
import { toFailure } from './failure';

const ENVELOPE = 'The envelope of the request';

/** Makes a validator of a check. A plain error would lose its code on the way to the client. */
export function validating<Args extends unknown[]>(check: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      check(...args);
    } catch (error) {
      throw toFailure(error);
    }
  };
}

/**
 * A request that a person sends with the Temporal CLI may have no envelope: then the id of the update is that of the request, and it is in
 * time whenever it is read. An envelope that is there is complete.
 */
export function toEnvelope(envelope: unknown): Envelope {
  const complete = isAbsent(envelope)
    ? { requestId: currentUpdateInfo()?.id, notAfter: Date.now() }
    : envelope;
  return parse(EnvelopeSchema, complete, { what: ENVELOPE });
}

/** JSON has no `undefined`. */
function isAbsent(envelope: unknown): boolean {
  return envelope === undefined || envelope === null;
}

/** The time of a workflow is that of its last task, and clocks that are set by the network differ a little. */
const MAX_AHEAD_MS = 60_000;

/**
 * @throws ExportError REQUEST_EXPIRED: the client has already reported that nothing will happen, or its clock is wrong. The details have
 * the time of the server, so that a client with a wrong clock can send the request again by it.
 */
export function requireInTime(envelope: unknown): Envelope {
  const parsed = toEnvelope(envelope);
  const now = Date.now();
  const { notAfter, sentAt = now } = parsed;
  if (now <= notAfter && sentAt <= now + MAX_AHEAD_MS) return parsed;
  const why =
    now > notAfter
      ? `${seconds(now - notAfter)} s after the time that it is valid for: it was read too late, or the clock of its sender is behind`
      : `the clock of its sender is ${seconds(sentAt - now)} s ahead`;
  throw new ExportError('REQUEST_EXPIRED', `The request changes nothing: ${why}. Send it again.`, {
    details: { serverTimeMs: now },
  });
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

/**
 * A destination belongs to the task queue that connected it: another team in the namespace may have chosen the same name.
 * @throws ExportError DESTINATION_OWNER_MISMATCH
 */
export function requireOwner({ taskQueue: sender }: Envelope, destinationId: string, owner: string): void {
  if (sender !== undefined && sender !== owner) throw ownerMismatch(destinationId, owner);
}

/**
 * The workflow id alone would reach an export that began after the one that the sender has seen.
 * @throws ExportError REQUEST_EXPIRED, DESTINATION_OWNER_MISMATCH, EXPORT_NOT_FOUND
 */
export function requireForExport(
  envelope: unknown,
  { destinationId, exportId }: ExportRef,
  taskQueue: string,
): void {
  requireOwner(requireInTime(envelope), destinationId, taskQueue);
  // The one that runs is meant.
  if (isAbsent(envelope)) return;
  const asked = parse(ExportEnvelopeSchema, envelope, { what: ENVELOPE });
  if (asked.exportId === exportId) return;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `Export ${asked.exportId} of ${destinationId} is not running: it has ended or has not begun. Nothing was changed.`,
  );
}
