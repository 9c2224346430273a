import { isNativeError } from 'node:util/types';
import { ExportError } from '../../errors';

/** A host without an entry in DNS, and what is wrong with a certificate, does not pass by itself. */
const LASTING = /^(ENOTFOUND|ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/;

/** What a request without a reply means. @param address of the server */
export function asNetworkError(error: unknown, address: string): ExportError {
  const code = codeOf(error);
  if (LASTING.test(code)) {
    return new ExportError(
      'SOURCE_UNREADABLE',
      code === 'ENOTFOUND'
        ? `${address} was not reached: there is no such host. Correct it in the configuration of the source.`
        : `${address} was not reached: TLS failed (${code}). Check that nothing between this machine and Microsoft replaces certificates, or add its authority by NODE_EXTRA_CA_CERTS.`,
      { details: { reason: code } },
    );
  }
  return unavailable(address, code, { reason: code });
}

/** @param why for a person: a code, a status */
export function unavailable(
  address: string,
  why: string,
  details: Readonly<Record<string, string | number>>,
): ExportError {
  return new ExportError(
    'SOURCE_UNAVAILABLE',
    `${address} does not answer, or not now (${why}). Nothing that was read is used so far. It is tried again.`,
    { details },
  );
}

/** Of the system, where there is one: `fetch` wraps it. Its message may contain the address of a row. */
function codeOf(error: unknown): string {
  if (!isNativeError(error)) return 'connection lost';
  const { cause } = error;
  for (const one of [cause, error]) {
    if (isNativeError(one) && 'code' in one && typeof one.code === 'string') return one.code;
  }
  return error.name === 'TimeoutError' ? 'no reply in time' : 'connection lost';
}
