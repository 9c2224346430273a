import { quoteText } from '../src/duckdb/quote';

/** SQL: the rows of a generated file, every column as text. */
export function readCsv(file: string): string {
  return `read_csv(${quoteText(file)}, all_varchar = true, header = true, delim = ',', quote = '"', escape = '"')`;
}
