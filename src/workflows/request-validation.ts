import { EnvelopeSchema, ExportEnvelopeSchema, type Envelope } from '../contract/destination';
import type { ExportRef } from '../contract/identifiers';
import { parse } from '../contract/parse';
import { ExportError } from '../errors';
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

/** @throws ExportError REQUEST_EXPIRED: the client has already reported that nothing will happen */
export function requireInTime(envelope: unknown): Envelope {
  const parsed = parse(EnvelopeSchema, envelope, { what: ENVELOPE });
  if (Date.now() > parsed.notAfter) {
    throw new ExportError(
      'REQUEST_EXPIRED',
      'The request was read too late and changes nothing. Send it again.',
    );
  }
  return parsed;
}

/**
 * The workflow id alone would reach an export that began after the one that the sender has seen.
 * @throws ExportError REQUEST_EXPIRED, EXPORT_NOT_FOUND
 */
export function requireForExport(envelope: unknown, { destinationId, exportId }: ExportRef): void {
  requireInTime(envelope);
  const asked = parse(ExportEnvelopeSchema, envelope, { what: ENVELOPE });
  if (asked.exportId === exportId) return;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `Export ${asked.exportId} of ${destinationId} is not running: it has ended or has not begun. Nothing was changed.`,
  );
}
