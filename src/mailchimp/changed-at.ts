/**
 * Mailchimp's time of the last change of a member, in ISO 8601 and UTC, as DuckDB and a comparison of texts take it. Undefined: there is none
 * that can be read.
 */
export function changedAt(text: string | undefined): string | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
