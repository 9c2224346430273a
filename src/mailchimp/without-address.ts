const ADDRESS = '«address»';
const VALUE = '«value»';
const MAX_TEXT = 300;
/** Mailchimp's sentences have about 200 characters; the patterns below take time quadratic in the length. */
const MAX_READ = 1_000;

// Mailchimp begins these sentences with the address that was sent, which need not look like one.
const LEADING_ADDRESS =
  /^.*?(?= (?:is already a list member|is in a compliance state|looks fake or invalid|has signed up to a lot of lists|was permanently deleted))/s;
// An apostrophe can be part of the name before the @ (o'brien), but not of the domain after it.
const LOOKS_LIKE_ADDRESS = /"[^"]*"@[^\s,;"]+|[^\s"<>(),;:]+@[^\s"'<>(),;]*|@[^\s"'<>(),;]+/g;
const REFUSED_VALUE = /\(not .*\)/gs;
const QUOTED = /"[^"]*"|“[^”]*”|(?<=^|[\s(])'[^']*'(?=$|[\s.,;)])/g;
const STATUS = /^"(?:subscribed|unsubscribed|cleaned|pending|transactional|archived)\.?"$/;
const LONG_NUMBER = /\+?\d[\d ().-]{4,}\d/g;

/**
 * Removes everything from a text of Mailchimp that may be a contact's: addresses, refused and quoted values, long numbers. Returns at most
 * 300 characters.
 * @param address is removed also where it does not look like an address
 */
export function withoutAddress(text: string, address?: string): string {
  return withoutKnown(text, address?.trim() ?? '')
    .slice(0, MAX_READ)
    .replace(LEADING_ADDRESS, ADDRESS)
    .replaceAll(LOOKS_LIKE_ADDRESS, ADDRESS)
    .replaceAll(REFUSED_VALUE, `(not ${VALUE})`)
    .replaceAll(QUOTED, (quoted) => (STATUS.test(quoted) ? quoted : VALUE))
    .replaceAll(LONG_NUMBER, VALUE)
    .slice(0, MAX_TEXT);
}

function withoutKnown(text: string, address: string): string {
  if (address === '') return text;
  const wanted = address.toLowerCase();
  const lower = text.toLowerCase();
  // Lower-casing changes the length of a few letters; positions in the two texts then differ, and only the patterns apply.
  if (lower.length !== text.length) return text;
  let clean = '';
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    clean += text.slice(from, at) + ADDRESS;
    from = at + wanted.length;
  }
  return clean + text.slice(from);
}
