import { createHmac } from 'node:crypto';
import { ExportError } from '../errors';

const PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** What a signature is of. */
export interface Signed {
  readonly id: string;
  readonly timestamp: number;
  readonly body: string;
}

/**
 * @param secrets `whsec_…`, separated by blank space
 * @throws ExportError ALERT_REFUSED for a secret of another form; it does not quote it
 */
export function readKeys(secrets: string, receiver: string): Buffer[] {
  return secrets.split(/\s+/).map((secret) => toKey(secret, receiver));
}

/** The headers of Standard Webhooks, with a signature by each key. */
export function signatureHeaders(
  { id, timestamp, body }: Signed,
  keys: readonly Buffer[],
): Record<string, string> {
  const signatures = keys.map((key) => {
    const hmac = createHmac('sha256', key);
    return `v1,${hmac.update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}

function toKey(secret: string, receiver: string): Buffer {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const key = Buffer.from(text, 'base64');
  if (BASE64.test(text) && key.length >= MIN_BYTES && key.length <= MAX_BYTES) return key;
  throw new ExportError(
    'ALERT_REFUSED',
    `The signing secret of the receiver ${receiver} is not ${PREFIX} with ${MIN_BYTES} to ${MAX_BYTES} bytes in base64. Nothing was ` +
      `sent. To make one: echo "${PREFIX}$(openssl rand -base64 32)"`,
  );
}
