import { isUtf8 } from 'node:buffer';
import * as fc from '../../support/fast-check';

/** A CSV file of any bytes, and how it is configured. */
export interface CsvCase {
  readonly bytes: Buffer;
  readonly columns: number;
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly encoding: string;
  readonly skip: number;
  readonly nullTexts: readonly string[];
}

/** What it holds, found in another way than the reader's: by regular expressions, over all of it at once. */
export interface CsvContent {
  readonly isUnclosed: boolean;
  readonly rows: readonly (readonly (string | null)[])[];
  readonly lines: number;
  /** The first five. */
  readonly first: readonly { readonly line: number; readonly fault: string }[];
}

interface Parsed {
  readonly text: string;
  readonly line: number;
  readonly lines: number;
  readonly values: readonly string[];
  readonly state: 'good' | 'bad' | 'unclosed';
}

/** One character for each byte, so that no text is lost where bytes are none. */
function bytesAsText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

function* parse(text: string, { delimiter, quote, escape }: CsvCase): Generator<Parsed> {
  const split = escaped(bytesAsText(delimiter));
  const [open, escaping] = [escaped(quote), escaped(escape)];
  const blanks = delimiter === ' ' ? String.raw`\t*` : delimiter === '\t' ? ' *' : String.raw`[ \t]*`;
  const inner =
    quote === escape ? `(?:${open}${open}|[^${open}])*` : `(?:${escaping}[^]|[^${open}${escaping}])*`;
  const quoted = new RegExp(`${blanks}${open}(${inner})(${open}?)(${blanks})`, 'y');
  const bare = new RegExp(`(?:(?!${split})[^\\r\\n])*`, 'y');
  const end = new RegExp(`(${split})|(\\r\\n|\\r|\\n|$)`, 'y');
  const rest = /[^\r\n]*/y;
  const match = (pattern: RegExp, at: number) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  let [at, line] = [0, 1];
  while (at < text.length) {
    const start = at;
    const values: string[] = [];
    let state: Parsed['state'] = 'good';
    for (;;) {
      const found = match(quoted, at);
      if (found) {
        const [all, value = '', close] = found;
        at += all.length;
        if (close === '') state = 'unclosed';
        values.push(value.replaceAll(new RegExp(`${escaping}([^])`, 'g'), '$1'));
      } else {
        const [value = ''] = match(bare, at) ?? [];
        at += value.length;
        values.push(value);
      }
      let after = match(end, at);
      if (!after && state === 'good') state = 'bad';
      if (!after) {
        at += match(rest, at)?.[0].length ?? 0;
        after = match(end, at);
      }
      if (state !== 'good') after = match(/(?!)()|(\r\n|\r|\n|$)/y, at);
      if (!after) throw new Error('the model is wrong');
      if (after[1]) {
        at += after[1].length;
        continue;
      }
      const record = text.slice(start, at);
      at += after[2]?.length ?? 0;
      const lines = record.split(/\r\n|\r|\n/).length;
      yield { text: record, line, lines, values, state };
      line += lines;
      break;
    }
  }
}

const MARKS: Readonly<Record<string, string>> = { efbbbf: 'utf-8', fffe: 'utf-16le', feff: 'utf-16be' };

export function contentOf(csv: CsvCase): CsvContent {
  const hex = csv.bytes.toString('hex', 0, 3);
  const [mark = '', marked] = Object.entries(MARKS).find(([bytes]) => hex.startsWith(bytes)) ?? [];
  const encoding = marked ?? csv.encoding;
  const bytes = csv.bytes.subarray(mark.length / 2);
  const isOther = encoding !== 'utf-8' || csv.encoding !== 'utf-8';
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  // In pieces: at once, some versions of Node.js decode windows-1252 as Latin-1.
  const decode = () => Buffer.from(decoder.decode(bytes, { stream: true }) + decoder.decode());
  const utf8 = encoding === 'utf-8' ? bytes : decode();
  return contentOfText(utf8.toString('latin1'), csv, isOther);
}

function contentOfText(whole: string, csv: CsvCase, isDecoded: boolean): CsvContent {
  const skipped = new RegExp(`^(?:[^\\r\\n]*(?:\\r\\n|\\r|\\n)){0,${csv.skip}}`).exec(whole)?.[0] ?? '';
  const skippedLines = skipped.split(/\r\n|\r|\n/).length - 1;
  const rows: (string | null)[][] = [];
  const first: CsvContent['first'][number][] = [];
  let lines = 0;
  if (skippedLines < csv.skip) return { isUnclosed: false, rows, lines, first };
  let isFirst = true;
  for (const record of parse(whole.slice(skipped.length), csv)) {
    const values = record.values.map((value) => Buffer.from(value, 'latin1').toString());
    const isSeparator =
      isFirst && record.state === 'good' && /^"?sep=.?"?$/iu.test(values.join(csv.delimiter));
    isFirst = false;
    if (isSeparator && values.length <= 2) continue;
    if (record.state === 'unclosed') return { isUnclosed: true, rows, lines, first };
    const fault = faultOf(record, csv.columns, isDecoded);
    if (fault !== undefined) {
      lines += fault === 'UNQUOTED VALUE' ? record.lines : 1;
      first.push({ line: record.line + skippedLines, fault });
    } else if (values.some((value) => !isBlank(value))) {
      rows.push(values.slice(0, csv.columns).map((value) => (isNull(value, csv) ? null : value)));
    }
  }
  return { isUnclosed: false, rows, lines, first: first.slice(0, 5) };
}

function isBlank(value: string): boolean {
  return /^[ \t\r\n]*$/.test(value);
}

function isNull(value: string, { nullTexts }: CsvCase): boolean {
  return value === '' || nullTexts.includes(value.replaceAll(/^ +| +$/g, ''));
}

function faultOf({ text, values, state }: Parsed, columns: number, isDecoded: boolean): string | undefined {
  if (state === 'bad') return 'UNQUOTED VALUE';
  if (values.every(isBlank)) return undefined;
  const bytes = Buffer.from(text, 'latin1');
  if (!isUtf8(bytes) || (isDecoded && bytes.includes('\uFFFD'))) return 'INVALID ENCODING';
  if (values.length < columns) return 'MISSING COLUMNS';
  return values.slice(columns).every(isBlank) ? undefined : 'TOO MANY COLUMNS';
}

const ENCODINGS = ['utf-8', 'utf-8', 'utf-8', 'windows-1252', 'utf-16le', 'utf-16be', 'shift_jis', 'koi8-r'];

/** Mostly what means something in CSV: of bytes alone, few files would have a second row. */
export const csvCase: fc.Arbitrary<CsvCase> = fc
  .record({
    delimiter: fc.constantFrom(',', ',', ';', '\t', '|', '§', ' '),
    quote: fc.constantFrom('"', '"', "'"),
    escapesItself: fc.boolean(),
    encoding: fc.constantFrom(...ENCODINGS),
    skip: fc.constantFrom(0, 0, 0, 1, 2),
    columns: fc.integer({ min: 1, max: 3 }),
    nullTexts: fc.constantFrom([], [], ['NULL', 'n/a']),
    mark: fc.constantFrom('', '', '', '', 'efbbbf', 'fffe', 'feff'),
    first: fc.constantFrom('', '', '', 'sep=;\n', 'sep=,\r\n', '\n', '\r\n', '\r'),
    tokens: fc.array(
      fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 0, max: 19 }) }, fc.uint8Array({ maxLength: 4 })),
      { maxLength: 40 },
    ),
  })
  .map(({ mark, first, tokens, escapesItself, ...options }) => {
    const { delimiter, quote } = options;
    const escape = escapesItself ? quote : '\\';
    const words = [
      delimiter, delimiter, delimiter, quote, quote, '\n', '\n', '\r\n', '\r', 'a', 'bc', ' ', '\t', 'é', '😀', 'NULL', ' n/a', '\0', escape, `${quote}x${delimiter}\n${quote}`,
    ]; // prettier-ignore
    const encode = (text: string) =>
      options.encoding.startsWith('utf-16') ? wide(text, options.encoding) : Buffer.from(text);
    const parts = tokens.map((token) => (typeof token === 'number' ? encode(words[token] as string) : token));
    return { ...options, escape, bytes: Buffer.concat([Buffer.from(mark, 'hex'), encode(first), ...parts]) };
  });

function wide(text: string, encoding: string): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return encoding === 'utf-16be' ? bytes.swap16() : bytes;
}
