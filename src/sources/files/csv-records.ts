export interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
}

/** One record as an editor shows it. */
export interface CsvRecord {
  /** Line of the file on which it starts, from 1. */
  readonly line: number;
  /** Lines it takes, also those swallowed by a quote that should not be open. */
  readonly lines: number;
  /** In characters. */
  readonly length: number;
  /** Long values are cut: this reader serves header lines, keys and line numbers only. */
  readonly values: readonly string[];
  /** A quoted value continues after its closing quote, or never closes. */
  readonly badQuote: boolean;
  /** The file ended inside this record's quotes: what came after is lost. */
  readonly unclosed: boolean;
}

const KEPT_OF_A_VALUE = 4_096;

/** Where the scanner stands between two characters. */
type State = 'start' | 'plain' | 'quoted' | 'closed' | 'broken';

/**
 * Reads CSV record by record, the way DuckDB's strict mode does. DuckDB reads the rows, thousands of times faster; but it numbers
 * records instead of lines, and a quote that is left open loses any number of rows for one reported fault. So headers,
 * line numbers and the number of lines that open quotes lose come from here.
 */
export async function* readRecords(
  chunks: AsyncIterable<string>,
  dialect: Dialect,
): AsyncGenerator<CsvRecord> {
  const scanner = new RecordScanner(dialect);
  for await (const chunk of chunks) {
    for (let index = 0; index < chunk.length; index += 1) {
      const record = scanner.take(chunk[index] as string);
      if (record) yield record;
    }
  }
  const last = scanner.end();
  if (last) yield last;
}

class RecordScanner {
  readonly #dialect: Dialect;
  #state: State = 'start';
  #values: string[] = [];
  #value = '';
  #badQuote = false;
  #afterCarriageReturn = false;
  #afterEscape = false;
  #firstLine = 1;
  #line = 1;
  #length = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** The record that this character ends, if it ends one. */
  take(char: string): CsvRecord | undefined {
    const secondOfPair = char === '\n' && this.#afterCarriageReturn;
    this.#afterCarriageReturn = char === '\r';
    if (secondOfPair) {
      if (this.#state === 'quoted') this.#keep(char);
      return undefined;
    }
    this.#length += 1;
    const lineBreak = char === '\n' || char === '\r';
    if (lineBreak) this.#line += 1;
    if (this.#state === 'quoted') {
      this.#inQuotes(char);
      return undefined;
    }
    if (lineBreak) return this.#finish(false);
    this.#outsideQuotes(char);
    return undefined;
  }

  /** The record that the end of the file ends. */
  end(): CsvRecord | undefined {
    const unclosed = this.#state === 'quoted';
    if (this.#length === 0) return undefined;
    if (unclosed) this.#badQuote = true;
    this.#line += 1;
    return this.#finish(unclosed);
  }

  #inQuotes(char: string): void {
    const { quote, escape } = this.#dialect;
    if (this.#afterEscape) {
      this.#afterEscape = false;
      this.#keep(char);
    } else if (char === escape && escape !== quote) {
      this.#afterEscape = true;
    } else if (char === quote) {
      this.#state = 'closed';
    } else {
      this.#keep(char);
    }
  }

  #outsideQuotes(char: string): void {
    const { delimiter, quote, escape } = this.#dialect;
    if (this.#state === 'broken') return;
    if (char === delimiter) {
      this.#endValue();
    } else if (this.#state === 'closed') {
      this.#afterClosingQuote(char, char === quote && escape === quote);
    } else if (this.#state === 'start' && char === quote) {
      // Blanks before an opening quote do not count.
      this.#value = '';
      this.#state = 'quoted';
    } else {
      if (char !== ' ') this.#state = 'plain';
      this.#keep(char);
    }
  }

  #afterClosingQuote(char: string, doubled: boolean): void {
    if (doubled) {
      this.#keep(char);
      this.#state = 'quoted';
    } else if (char !== ' ') {
      this.#badQuote = true;
      this.#state = 'broken';
    }
  }

  #keep(char: string): void {
    if (this.#value.length < KEPT_OF_A_VALUE) this.#value += char;
  }

  #endValue(): void {
    this.#values.push(this.#value);
    this.#value = '';
    this.#state = 'start';
  }

  #finish(unclosed: boolean): CsvRecord {
    this.#endValue();
    const record = {
      line: this.#firstLine,
      lines: this.#line - this.#firstLine,
      length: this.#length,
      values: this.#values,
      badQuote: this.#badQuote,
      unclosed,
    };
    this.#values = [];
    this.#badQuote = false;
    this.#afterEscape = false;
    this.#length = 0;
    this.#firstLine = this.#line;
    return record;
  }
}
