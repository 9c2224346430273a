import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { readRecords } from './csv-records';
import { type DataFile, type Encoding, notRead, readText } from './data-file';

/** What a CSV file needs in its `csv` section; empty where the defaults fit. */
export interface DetectedCsv {
  readonly delimiter?: string;
  readonly encoding?: Encoding;
}

const DELIMITERS = [',', ';', '\t', '|'];
const RECORDS = 20;

/** Tries what the reader supports, on the file as the reader reads it. */
export async function detectCsv(file: DataFile): Promise<DetectedCsv> {
  const encoding = await detectEncoding(file);
  const usual = /\.tsv(\.gz)?$/i.test(file.path) ? '\t' : ',';
  const delimiter = await detectDelimiter(file, encoding, usual);
  return {
    ...(delimiter !== usual && { delimiter }),
    ...(encoding !== 'utf-8' && { encoding }),
  };
}

/** UTF-16 has a byte order mark; what is no UTF-8 is taken for Latin-1, which every byte is. */
async function detectEncoding(file: DataFile): Promise<Encoding> {
  const handle = await open(file.readable);
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    if (buffer[0] === 0xff && buffer[1] === 0xfe) return 'utf-16';
  } finally {
    await handle.close();
  }
  return (await isUtf8(file)) ? 'utf-8' : 'latin-1';
}

async function isUtf8(file: DataFile): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const check = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) decoder.decode(chunk, { stream: true });
    decoder.decode();
  };
  const bytes = createReadStream(file.readable);
  try {
    const isPacked = file.gzip && file.readable === file.path;
    await (isPacked ? pipeline(bytes, createGunzip(), check) : pipeline(bytes, check));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return false;
    throw notRead(file, error);
  }
}

/** The delimiter that splits the first records into the same number of values, the more the better. */
export async function detectDelimiter(file: DataFile, encoding: Encoding, usual: string): Promise<string> {
  let best = { delimiter: usual, columns: 1 };
  for (const delimiter of [usual, ...DELIMITERS.filter((other) => other !== usual)]) {
    const columns = await columnsWith(file, encoding, delimiter);
    if (columns > best.columns) best = { delimiter, columns };
  }
  return best.delimiter;
}

/** 0 where the first records differ. */
async function columnsWith(file: DataFile, encoding: Encoding, delimiter: string): Promise<number> {
  const dialect = { delimiter, quote: '"', escape: '"' };
  let columns = 0;
  let seen = 0;
  for await (const { values } of readRecords(readText(file, encoding), dialect)) {
    if (seen === 0) columns = values.length;
    // An empty line is not a record.
    else if (values.length !== columns && values.length > 1) return 0;
    seen += 1;
    if (seen === RECORDS) break;
  }
  return columns;
}
