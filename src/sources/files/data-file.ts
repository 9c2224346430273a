import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { diskFull } from '../../duckdb/database-error';
import { ExportError } from '../../errors';
import { type Decoder, type Encoding, UTF_8, decoderOf, markOf } from './decoding';

/** Characters of a pattern. */
export const MAGIC = /[*?[]/;

/** One file of a table. */
export interface DataFile {
  /** Absolute. */
  readonly path: string;
  /** Without its folder: what messages and reports may show. */
  readonly name: string;
  readonly size: number;
  /** Differs when the file was written or replaced. */
  readonly stamp: string;
  /** What to read instead of `path`: a link or a copy. */
  readonly readable: string;
  /** Of `readable`. */
  readonly gzip: boolean;
  /** Of `readable`, where it has no byte order mark. */
  readonly encoding: Encoding;
  /** Whether `readable` was written by a decoder: U+FFFD in it stands for bytes that are no text. */
  readonly isTranscoded?: boolean;
  /** The file with its own lines, where `readable` is a copy that has others. */
  readonly original?: DataFile;
  /** Whether its lines are the rows of a spreadsheet. */
  readonly isSheet?: boolean;
}

/** @throws ExportError SOURCE_UNREADABLE */
export async function lookAt(path: string): Promise<DataFile> {
  try {
    const stamp = await stampOf(path);
    const [first, second] = await firstBytes(path);
    // By content, not by name: browsers unpack x.csv.gz and keep its name, and tools pack without naming.
    const gzip = first === 0x1f && second === 0x8b;
    return { path, name: basename(path), ...stamp, readable: path, gzip, encoding: UTF_8 };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The files that are others now than when they were looked at, and whether all of these were replaced as a whole. */
export async function findChanges(files: readonly DataFile[]): Promise<{
  readonly changed: readonly DataFile[];
  readonly areReplaced: boolean;
}> {
  const changed: DataFile[] = [];
  let areReplaced = true;
  for (const file of files) {
    const { stamp } = await stampOf(file.path).catch((error: unknown) => {
      throw unreadable(file.path, error);
    });
    if (stamp === file.stamp) continue;
    changed.push(file);
    if (identityOf(stamp) === identityOf(file.stamp)) areReplaced = false;
  }
  return { changed, areReplaced };
}

export function changedWhileRead([file]: readonly DataFile[]): ExportError {
  return new ExportError(
    'SOURCE_UNREADABLE',
    `${file?.name} was changed while it was read, so nothing of it was used. Try again when it is complete; a writer should write under another name and rename at the end.`,
  );
}

export interface UnpackOptions {
  /** Gets the copy. */
  readonly folder: string;
  /** Of the file in the folder. */
  readonly number: number;
  readonly signal: AbortSignal;
}

/**
 * A copy in UTF-8 of a file that is packed or in another encoding. DuckDB would unpack it, but does not notice that a file is cut off. And it
 * reads any path as a pattern: a file with characters of a pattern in its path gets a link without them.
 *
 * @throws ExportError SOURCE_MALFORMED, DISK_FULL
 */
export async function unpack(file: DataFile, { folder, number, signal }: UnpackOptions): Promise<DataFile> {
  const isOther =
    file.encoding !== UTF_8 || (markOf(await firstBytes(file.path))?.encoding ?? UTF_8) !== UTF_8;
  if (!file.gzip && !isOther) {
    return MAGIC.test(file.path) ? link(file, join(folder, `link-${number}`)) : file;
  }
  const readable = join(folder, `unpacked-${number}`);
  await writeTo(readable, limited(file, readText(file, signal)));
  return { ...file, readable, gzip: false, encoding: UTF_8, isTranscoded: isOther };
}

/** @throws ExportError DISK_FULL, or what reading throws */
export async function writeTo(path: string, bytes: AsyncIterable<Buffer | string>): Promise<void> {
  try {
    await pipeline(bytes, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EDQUOT' ? diskFull() : error;
  }
}

/** Tables of customers are packed to a third or a tenth. A small file that becomes huge is an accident or an attack, and would fill the disk. */
const MOST_UNPACKED = 100;
/** In bytes: so much is no harm. */
const ALWAYS_UNPACKED = 256_000_000;

async function* limited(file: DataFile, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const limit = Math.max(file.size * MOST_UNPACKED, ALWAYS_UNPACKED);
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > limit) {
      throw new ExportError(
        'SOURCE_MALFORMED',
        `${file.name} was not unpacked: it becomes more than ${MOST_UNPACKED} times as large. If that is right, unpack it yourself.`,
      );
    }
    yield chunk;
  }
}

/** Why the bytes of a file could not be read or unpacked. */
function notRead(file: DataFile, error: unknown): unknown {
  const { code, name } = error as NodeJS.ErrnoException;
  if (name === 'AbortError') return error;
  if (!code?.startsWith('Z_')) return unreadable(file.path, error);
  return new ExportError(
    'SOURCE_MALFORMED',
    `${file.name} could not be unpacked: the gzip data is damaged or cut off. Write the file again.`,
  );
}

async function link(file: DataFile, readable: string): Promise<DataFile> {
  await symlink(file.path, readable);
  return { ...file, readable };
}

/** The bytes of a file, unpacked. */
export async function* readBytes(file: DataFile, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const bytes = createReadStream(file.readable, { highWaterMark: 256 * 1024, ...(signal && { signal }) });
  const source = file.gzip ? bytes.pipe(createGunzip()) : bytes;
  // pipe() does not pass on an error of `bytes`.
  bytes.on('error', (error) => source.destroy(error));
  try {
    for await (const chunk of source) yield chunk as Buffer;
  } catch (error) {
    throw notRead(file, error);
  } finally {
    bytes.destroy();
  }
}

/** The text of a file in UTF-8, unpacked, without a byte order mark. A mark is believed more than the configured encoding. */
export async function* readText(file: DataFile, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  let decoder: Decoder | undefined;
  for await (const chunk of readBytes(file, signal)) {
    if (decoder) {
      yield decoder.decode(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < LONGEST_MARK) continue;
    decoder = decoderOfFile(file, head);
    yield decoder.decode(withoutMark(head));
  }
  if (!decoder) {
    decoder = decoderOfFile(file, head);
    yield decoder.decode(withoutMark(head));
  }
  yield decoder.end();
}

function decoderOfFile({ encoding }: DataFile, head: Buffer): Decoder {
  return decoderOf(markOf(head)?.encoding ?? encoding);
}

function withoutMark(head: Buffer): Buffer {
  return head.subarray(markOf(head)?.length ?? 0);
}

const LONGEST_MARK = 3;

async function firstBytes(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_MARK), 0, LONGEST_MARK, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function stampOf(path: string): Promise<{ size: number; stamp: string }> {
  const { size, mtimeMs, ino, birthtimeMs } = await stat(path);
  return { size, stamp: `${ino} ${birthtimeMs} ${size} ${mtimeMs}` };
}

/** The part of a stamp that stays while a file is written. The number of a deleted file may be given to the next one, its birth is not. */
function identityOf(stamp: string): string {
  return stamp.split(' ', 2).join(' ');
}

export function unreadable(path: string, error: unknown): ExportError {
  if (error instanceof ExportError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new ExportError(
    'SOURCE_UNREADABLE',
    `${path} could not be read (${code ?? 'unknown reason'}). Check that the file exists and that the worker may read it.`,
  );
}
