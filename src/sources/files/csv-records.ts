import { isUtf8 } from 'node:buffer';

export interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
}

export interface ScanOptions {
  /** Undefined for text without values: each line is a record of one value. */
  readonly dialect: Dialect | undefined;
  /** Lines at the beginning of the file that are no records. */
  readonly skip: number;
  /** Whether a record counts as one line, however many it takes: the rows of a spreadsheet. */
  readonly recordsAreLines: boolean;
}

/** One record as an editor shows it. Valid until the next one is found. */
export interface CsvRecord {
  /** Line of the file on which it starts, from 1. */
  readonly line: number;
  /** Lines it takes, also those swallowed by a quote that should not be open. */
  readonly lines: number;
  /** Number of values. */
  readonly columns: number;
  /** Number of values up to the last one that is not blank: 0 for a row without any value. */
  readonly filled: number;
  /** Whether it has no character at all. */
  readonly isEmpty: boolean;
  /** A quoted value continues after its closing quote, or never closes. */
  readonly badQuote: boolean;
  /** The file ended inside this record's quotes: what came after is lost. */
  readonly unclosed: boolean;
  /** Over `MAX_RECORD`: neither text nor values are known. */
  readonly tooLong: boolean;
  /** Whether DuckDB's strict mode reads it in the same way. */
  readonly isStrict: boolean;
  /** Whether it is UTF-8. */
  readonly isText: boolean;
  /** Whether it has the character that decoders write for bytes which are no text. */
  readonly hasReplacement: boolean;
  /** @param char in ASCII */
  hasByte(char: string): boolean;
  values(): string[];
}

/** In bytes. A longer record is none of a customer, and would have to be held in memory. */
const MAX_RECORD = 2_000_000;
/** Values beyond are counted, but not known. */
export const MAX_COLUMNS = 10_000;

/** Where the scanner stands between two bytes. */
const START = 0;
const PLAIN = 1;
const QUOTED = 2;
const CLOSED = 3;
const BROKEN = 4;
const SKIPPED = 5;
/** Among the blanks after a closing quote. */
const AFTER = 6;

/** What a byte may mean. */
const OTHER = 0;
const DELIMITER = 1;
const QUOTE = 2;
const ESCAPE = 3;
const BLANK = 4;
const LF = 5;
const CR = 6;

const LF_BYTE = 0x0a;
const CR_BYTE = 0x0d;

const REPLACEMENT = Buffer.from('\uFFFD');

/** Not enough bytes to tell. */
const MORE = -1;

/**
 * Finds the records of CSV in bytes of UTF-8. DuckDB reads the values of regular files, faster; but it numbers records instead of
 * lines, loses any number of rows at a quote that is left open, and takes no file that mixes line breaks. So what is a record, and
 * what is wrong with it, is decided here.
 */
export class RecordScanner implements CsvRecord {
  /** How the records that were found so far end. */
  readonly ends = { lf: 0, crlf: 0, cr: 0 };
  line = 1;
  lines = 0;
  columns = 0;
  filled = 0;
  badQuote = false;
  unclosed = false;
  tooLong = false;
  isStrict = true;

  readonly #options: ScanOptions;
  readonly #found: (record: CsvRecord) => void;
  readonly #meanings: Uint8Array;
  readonly #delimiter: Buffer;
  readonly #doubles: boolean;
  readonly #splitsAtBlanks: boolean;
  #buffer: Buffer = Buffer.alloc(0);
  /** In the buffer: where the record begins, and the byte that is next. */
  #recordAt = 0;
  #at = 0;
  #state: number;
  #nextLine = 1;
  /** Of each value its start and its end in the record, and 1 where it contains an escape: numbers, since there are millions. */
  #bounds: number[] = [];
  #valueAt = 0;
  #quotedEnd = 0;
  #isBlank = true;
  #escaped = false;
  #afterEscape = false;
  #highest = 0;

  constructor(options: ScanOptions, found: (record: CsvRecord) => void) {
    const { dialect, skip } = options;
    this.#options = options;
    this.#found = found;
    this.#meanings = meaningsOf(dialect);
    this.#delimiter = Buffer.from(dialect?.delimiter ?? '');
    this.#doubles = dialect?.quote === dialect?.escape;
    this.#splitsAtBlanks = dialect?.delimiter === ' ' || dialect?.delimiter === '\t';
    this.#state = skip > 0 ? SKIPPED : START;
  }

  /** Takes the next bytes, and passes on the records that end in them. */
  push(chunk: Buffer): void {
    const begun = this.#buffer.subarray(this.#recordAt);
    this.#buffer = begun.length > 0 ? Buffer.concat([begun, chunk]) : chunk;
    this.#at -= this.#recordAt;
    this.#recordAt = 0;
    this.#scan(false);
    if (this.#at - this.#recordAt <= MAX_RECORD) return;
    this.tooLong = true;
    this.#recordAt = this.#at;
  }

  /** Passes on the record that the end of the file ends. */
  end(): void {
    this.#scan(true);
    if (this.isEmpty) return;
    this.unclosed = this.#state === QUOTED;
    this.badQuote ||= this.unclosed;
    this.#endRecord(0);
  }

  get isEmpty(): boolean {
    return this.#at === this.#recordAt && !this.tooLong;
  }

  get isText(): boolean {
    return this.#highest < 0x80 || isUtf8(this.#bytes());
  }

  get hasReplacement(): boolean {
    return this.#highest >= 0x80 && this.#bytes().includes(REPLACEMENT);
  }

  hasByte(char: string): boolean {
    return this.#bytes().includes(char);
  }

  values(): string[] {
    const escape = this.#options.dialect?.escape ?? '';
    const values: string[] = [];
    for (let index = 0; index < this.#bounds.length; index += 3) {
      const start = this.#recordAt + (this.#bounds[index] as number);
      const end = this.#recordAt + (this.#bounds[index + 1] as number);
      const value = this.#buffer.toString('utf8', start, end);
      values.push(this.#bounds[index + 2] === 1 ? unescaped(value, escape) : value);
    }
    return values;
  }

  #bytes(): Buffer {
    return this.#buffer.subarray(this.#recordAt, this.#at);
  }

  /** Stops before bytes that only the next ones give a meaning, unless none will come. */
  #scan(isLast: boolean): void {
    const buffer = this.#buffer;
    const meanings = this.#meanings;
    const { length: end } = buffer;
    let at = this.#at;
    while (at < end) {
      const from = at;
      let highest = 0;
      let meaning = OTHER;
      // Most bytes end here: this loop has nothing but local variables.
      while (at < end) {
        const byte = buffer[at] as number;
        meaning = meanings[byte] as number;
        if (meaning !== OTHER) break;
        highest |= byte;
        at += 1;
      }
      if (at > from) this.#others(highest);
      this.#at = at;
      if (at === end) return;
      const length = this.#lengthOf(meaning, isLast);
      if (length === MORE) return;
      if (length > 0) {
        this.#step(meaning, length);
      } else {
        this.#others(buffer[at] as number);
        this.#at += 1;
      }
      at = this.#at;
    }
  }

  /** Characters of a value, or after it. */
  #others(highest: number): void {
    this.#highest |= highest;
    this.#isBlank = false;
    this.#afterEscape = false;
    if (this.#state === START) this.#state = PLAIN;
    else if (this.#state === CLOSED || this.#state === AFTER) this.#breakQuotes();
  }

  /** 0: it is only the beginning of a delimiter. */
  #lengthOf(meaning: number, isLast: boolean): number {
    const left = this.#buffer.length - this.#at;
    if (meaning === CR) {
      if (left === 1) return isLast ? 1 : MORE;
      return this.#buffer[this.#at + 1] === LF_BYTE ? 2 : 1;
    }
    const { length } = this.#delimiter;
    if (meaning !== DELIMITER || length === 1) return 1;
    if (left < length) return isLast ? 0 : MORE;
    return this.#delimiter.compare(this.#buffer, this.#at, this.#at + length) === 0 ? length : 0;
  }

  #step(meaning: number, length: number): void {
    const isBreak = meaning === LF || meaning === CR;
    if (this.#state === QUOTED) {
      if (isBreak && !this.#options.recordsAreLines) this.#nextLine += 1;
      this.#inQuotes(meaning);
    } else if (isBreak) {
      this.#endRecord(length);
      return;
    } else if (this.#state === CLOSED || this.#state === AFTER) {
      this.#afterQuotes(meaning, length);
    } else if (this.#state === START || this.#state === PLAIN) {
      this.#outsideQuotes(meaning, length);
    }
    this.#at += length;
  }

  #inQuotes(meaning: number): void {
    if (this.#afterEscape) {
      this.#afterEscape = false;
      if (meaning === QUOTE || meaning === ESCAPE) this.#isBlank = false;
      else if (meaning === DELIMITER && !this.#splitsAtBlanks) this.#isBlank = false;
    } else if (meaning === ESCAPE) {
      this.#afterEscape = true;
      this.#escaped = true;
      this.isStrict = false;
    } else if (meaning === QUOTE) {
      this.#state = CLOSED;
      this.#quotedEnd = this.#at - this.#recordAt;
    } else if (meaning === DELIMITER && !this.#splitsAtBlanks) {
      this.#isBlank = false;
    }
  }

  #afterQuotes(meaning: number, length: number): void {
    if (meaning === DELIMITER) {
      this.#endValue(length);
    } else if (meaning === QUOTE && this.#doubles && this.#state === CLOSED) {
      this.#state = QUOTED;
      this.#escaped = true;
      this.#isBlank = false;
    } else if (meaning === BLANK) {
      this.isStrict = false;
      this.#state = AFTER;
    } else {
      this.#breakQuotes();
    }
  }

  #breakQuotes(): void {
    this.badQuote = true;
    this.#state = BROKEN;
  }

  #outsideQuotes(meaning: number, length: number): void {
    const at = this.#at - this.#recordAt;
    if (meaning === DELIMITER) {
      this.#endValue(length);
    } else if (meaning === QUOTE && this.#state === START) {
      // Blanks before an opening quote do not count.
      if (at > this.#valueAt) this.isStrict = false;
      this.#state = QUOTED;
      this.#valueAt = at + 1;
    } else if (meaning !== BLANK) {
      this.#state = PLAIN;
      this.#isBlank = false;
      this.isStrict = false;
    }
  }

  /** @param length of the delimiter that ends it */
  #endValue(length: number): void {
    const at = this.#at - this.#recordAt;
    const isQuoted = this.#state === CLOSED || this.#state === AFTER;
    const end = isQuoted ? this.#quotedEnd : at;
    if (this.columns < MAX_COLUMNS) {
      this.#bounds.push(this.#valueAt, end, this.#escaped ? 1 : 0);
    }
    this.columns += 1;
    if (!this.#isBlank) this.filled = this.columns;
    this.#state = START;
    this.#valueAt = at + length;
    this.#isBlank = true;
    this.#escaped = false;
  }

  /** @param length of the line break that ends it */
  #endRecord(length: number): void {
    const isSkipped = this.#state === SKIPPED;
    if (length === 2) this.ends.crlf += 1;
    else if (length === 1) this.ends[this.#buffer[this.#at] === LF_BYTE ? 'lf' : 'cr'] += 1;
    this.#nextLine += 1;
    this.#endValue(length);
    this.lines = this.#nextLine - this.line;
    this.tooLong ||= this.#at - this.#recordAt > MAX_RECORD;
    if (!isSkipped) this.#found(this);
    this.#startRecord(this.#at + length);
  }

  #startRecord(at: number): void {
    this.#at = at;
    this.#recordAt = at;
    this.#valueAt = 0;
    this.#bounds.length = 0;
    this.#highest = 0;
    this.#afterEscape = false;
    this.line = this.#nextLine;
    this.columns = 0;
    this.filled = 0;
    this.badQuote = false;
    this.unclosed = false;
    this.tooLong = false;
    this.isStrict = true;
    if (this.line <= this.#options.skip) this.#state = SKIPPED;
  }
}

function meaningsOf(dialect: Dialect | undefined): Uint8Array {
  const meanings = new Uint8Array(256);
  meanings[0x09] = BLANK;
  meanings[0x20] = BLANK;
  meanings[LF_BYTE] = LF;
  meanings[CR_BYTE] = CR;
  if (dialect) {
    // One character may be quote and escape.
    meanings[dialect.escape.charCodeAt(0)] = ESCAPE;
    meanings[dialect.quote.charCodeAt(0)] = QUOTE;
    meanings[Buffer.from(dialect.delimiter)[0] as number] = DELIMITER;
  }
  return meanings;
}

function unescaped(value: string, escape: string): string {
  let text = '';
  for (let at = 0; at < value.length; at += 1) {
    if (value[at] === escape) at += 1;
    text += value[at] ?? '';
  }
  return text;
}
