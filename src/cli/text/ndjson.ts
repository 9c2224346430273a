/** A JSON object on each line, with the texts unchanged. No line feed at the end. */
export function toNdjson(rows: readonly object[]): string {
  return rows.map((row) => JSON.stringify(row)).join('\n');
}
