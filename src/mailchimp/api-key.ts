import { ExportError } from '../errors';

const KEY_WITH_DATA_CENTRE = /^[^\s-]+-([a-z0-9]+)$/;

/**
 * Where a key's account lives: the part after the key's dash is the data centre.
 * @throws ExportError KEY_INVALID for a key without one
 */
export function baseUrlOf(apiKey: string): string {
  const dataCentre = KEY_WITH_DATA_CENTRE.exec(apiKey)?.[1];
  if (dataCentre === undefined) {
    throw new ExportError(
      'KEY_INVALID',
      'The Mailchimp API key has no data centre. A key is 32 letters and digits, a dash and the data centre, ' +
        'like 0123456789abcdef0123456789abcdef-us21. Copy it whole from Mailchimp: Profile > Extras > API keys.',
    );
  }
  return `https://${dataCentre}.api.mailchimp.com/3.0`;
}
