const ADDRESS = '«address»';
const VALUE = '«value»';
const LONGEST = 300;
/** Mailchimp's sentences have about 200 characters; the patterns below take the square of the length. */
const MAX_READ = 1_000;

// Mailchimp begins these sentences with what was sent, and what was sent need not look like an address.
const LEADING_ADDRESS =
  /^.*?(?= (?:is already a list member|is in a compliance state|looks fake or invalid|has signed up to a lot of lists|was permanently deleted))/s;
// An apostrophe belongs to the name before the @ (o'brien), but ends what is after it.
const LOOKS_LIKE_ADDRESS = /"[^"]*"@[^\s,;"]+|[^\s"<>(),;:]+@[^\s"'<>(),;]*|@[^\s"'<>(),;]+/g;
const REFUSED_VALUE = /\(not .*\)/gs;
const QUOTED = /"[^"]*"|“[^”]*”|(?<=^|[\s(])'[^']*'(?=$|[\s.,;)])/g;
const STATUS = /^"(?:subscribed|unsubscribed|cleaned|pending|transactional|archived)\.?"$/;
const LONG_NUMBER = /\+?\d[\d ().-]{4,}\d/g;

/**
 * Mailchimp's text with everything taken out that may be somebody's: addresses, refused and quoted values, long numbers.
 * At most 300 characters. `address`, where it is known, is also found when it does not look like one.
 */
export function withoutAddress(text: string, address?: string): string {
  return withoutKnown(text, address?.trim() ?? '')
    .slice(0, MAX_READ)
    .replace(LEADING_ADDRESS, ADDRESS)
    .replaceAll(LOOKS_LIKE_ADDRESS, ADDRESS)
    .replaceAll(REFUSED_VALUE, `(not ${VALUE})`)
    .replaceAll(QUOTED, (quoted) => (STATUS.test(quoted) ? quoted : VALUE))
    .replaceAll(LONG_NUMBER, VALUE)
    .slice(0, LONGEST);
}

function withoutKnown(text: string, address: string): string {
  if (address === '') return text;
  const wanted = address.toLowerCase();
  const lower = text.toLowerCase();
  // Lower-casing changes the length of a few letters; then positions in the two texts differ, and the patterns must do.
  if (lower.length !== text.length) return text;
  let clean = '';
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    clean += text.slice(from, at) + ADDRESS;
    from = at + wanted.length;
  }
  return clean + text.slice(from);
}
