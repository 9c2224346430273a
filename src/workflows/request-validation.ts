import { EnvelopeSchema, type Envelope } from '../contract/destination';
import { parse } from '../contract/parse';
import { ExportError } from '../errors';
import { toFailure } from './failure';

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
  const parsed = parse(EnvelopeSchema, envelope, { what: 'The envelope of the request' });
  if (Date.now() > parsed.notAfter) {
    throw new ExportError(
      'REQUEST_EXPIRED',
      'The request was read too late and changes nothing. Send it again.',
    );
  }
  return parsed;
}
