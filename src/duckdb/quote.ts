/** A SQL text literal. For places where DuckDB takes no parameter: file names, options, DDL. */
export function quoteText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A SQL identifier, whatever is in it. DuckDB compares identifiers without case, also quoted ones. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A SQL list of text literals. */
export function quoteTexts(values: readonly string[]): string {
  return `[${values.map(quoteText).join(', ')}]`;
}

/** SQL: a TIMESTAMP, or a query's time, as text in ISO 8601 and UTC. */
export function isoText(time: string): string {
  return `strftime(${time}, '%Y-%m-%dT%H:%M:%S.%gZ')`;
}
