import { quoteTexts } from '../../duckdb/quote';
import { stripped } from './address';

const YES = ['true', 'yes', 'y', 't', '1', 'on'];
const NO = ['false', 'no', 'n', 'f', '0', 'off'];

/** SQL: whether a text says yes or no, in any case; null for any other text. */
export function flag(text: string): string {
  const word = `lower(${stripped(text)})`;
  const isOneOf = (words: readonly string[]): string =>
    `list_contains(${quoteTexts(words)}::VARCHAR[], ${word})`;
  return `CASE WHEN ${isOneOf(YES)} THEN true WHEN ${isOneOf(NO)} THEN false END`;
}
