let lastSecond = -1;
let lastText = '';

/** Mailchimp's form of a time: `2021-11-23T22:51:56+00:00`. Caches the last value, because many members share a second. */
export function isoTime(unixSeconds: number): string {
  if (unixSeconds !== lastSecond) {
    lastSecond = unixSeconds;
    lastText = `${new Date(unixSeconds * 1000).toISOString().slice(0, 19)}+00:00`;
  }
  return lastText;
}

// `Y-m-d H:i:s` or RFC 3339 without fractions; '' is allowed as well.
const TIMESTAMP = /^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))?$/;

export const isTimestamp = (text: string): boolean => TIMESTAMP.test(text);
