import { type DataFile, readBytes } from './data-file';
import { type Encoding, UTF_8, WINDOWS_1252, looksLikeUtf16, markOf } from './decoding';
import { type TextFormat, isBlank, visitRecords } from './survey';

/** What a CSV file needs in its `csv` section; empty where the defaults fit. */
export interface DetectedCsv {
  readonly delimiter?: string;
  readonly encoding?: Encoding;
}

const DELIMITERS = [',', ';', '\t', '|'];
const RECORDS = 20;

interface Detection {
  /** Its delimiter is the one that is expected. */
  readonly format: TextFormat;
  readonly signal: AbortSignal;
}

/** Tries what the reader supports, on the file as the reader reads it. */
export async function detectCsv(file: DataFile, signal: AbortSignal): Promise<DetectedCsv> {
  const encoding = await detectEncoding(file, signal);
  const usual = /\.tsv(\.gz)?$/i.test(file.path) ? '\t' : ',';
  const dialect = { delimiter: usual, quote: '"', escape: '"' };
  const format = { dialect, header: true, skip: 0 };
  const delimiter = await detectDelimiter({ ...file, encoding }, { format, signal });
  return {
    ...(delimiter !== usual && { delimiter }),
    ...(encoding !== UTF_8 && { encoding }),
  };
}

/** A byte order mark needs no setting; what is no UTF-8 is taken for windows-1252, which every byte is. */
async function detectEncoding(file: DataFile, signal: AbortSignal): Promise<Encoding> {
  const decoder = new TextDecoder(UTF_8, { fatal: true });
  let isFirst = true;
  for await (const chunk of readBytes(file, signal)) {
    if (isFirst) {
      if (markOf(chunk)) return UTF_8;
      const wide = looksLikeUtf16(chunk);
      if (wide !== undefined) return wide;
      isFirst = false;
    }
    try {
      decoder.decode(chunk, { stream: true });
    } catch {
      return WINDOWS_1252;
    }
  }
  try {
    decoder.decode();
  } catch {
    return WINDOWS_1252;
  }
  return UTF_8;
}

/** The delimiter that splits the first records into the same number of values, the more the better. */
export async function detectDelimiter(file: DataFile, detection: Detection): Promise<string> {
  const usual = detection.format.dialect?.delimiter ?? ',';
  let best = { delimiter: usual, columns: 1 };
  for (const delimiter of [usual, ...DELIMITERS.filter((other) => other !== usual)]) {
    const columns = await columnsWith(file, delimiter, detection);
    if (columns > best.columns) best = { delimiter, columns };
  }
  return best.delimiter;
}

/** 0 where the first records differ. */
async function columnsWith(file: DataFile, delimiter: string, detection: Detection): Promise<number> {
  const { signal, format } = detection;
  const dialect = { delimiter, quote: '"', escape: '"' };
  let [columns, seen, differ] = [0, 0, false];
  const isDone = () => differ || seen === RECORDS;
  await visitRecords(file, { format: { ...format, dialect }, signal, isDone }, (record) => {
    if (isBlank(record)) return;
    if (seen === 0) columns = record.columns;
    else if (record.columns !== columns) differ = true;
    seen += 1;
  });
  return differ ? 0 : columns;
}
