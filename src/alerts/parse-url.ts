import { ExportError } from '../errors';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The URL of a receiver. Its text is a secret, so the error does not quote it.
 * @throws ExportError ALERT_REFUSED
 */
export function parseReceiverUrl(text: string, receiver: string): URL {
  const refuse = (why: string): never => {
    throw new ExportError('ALERT_REFUSED', `The URL of the receiver ${receiver} ${why}. Nothing was sent.`);
  };
  if (!URL.canParse(text)) return refuse('is not a URL; it must begin with https://');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    return refuse('has a user or a password, which are not sent');
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url;
  return refuse('must begin with https://; http:// is for this machine only');
}
