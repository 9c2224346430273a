import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { diskFull } from '../../duckdb/database-error';
import { ExportError } from '../../errors';

/** Characters of a pattern. */
export const MAGIC = /[*?[]/;

export type Encoding = 'utf-8' | 'utf-16' | 'latin-1';

/** One file of a table. */
export interface DataFile {
  /** Absolute. */
  readonly path: string;
  /** Without its folder: what messages and reports may show. */
  readonly name: string;
  readonly gzip: boolean;
  readonly size: number;
  /** Differs when the file was written or replaced. */
  readonly stamp: string;
  /** What to read instead of `path`: an unpacked copy. */
  readonly readable: string;
}

/** @throws ExportError SOURCE_UNREADABLE */
export async function lookAt(path: string): Promise<DataFile> {
  try {
    const stamp = await stampOf(path);
    const [first, second] = await firstBytes(path);
    // By content, not by name: browsers unpack x.csv.gz and keep its name, and tools pack without naming.
    const gzip = first === 0x1f && second === 0x8b;
    return { path, name: basename(path), gzip, ...stamp, readable: path };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** DuckDB opens the file again and again while it reads: rows of two versions must not be mixed. */
export async function checkUnchanged(files: readonly DataFile[]): Promise<void> {
  for (const file of files) {
    const { stamp } = await stampOf(file.path).catch((error: unknown) => {
      throw unreadable(file.path, error);
    });
    if (stamp !== file.stamp) {
      throw new ExportError(
        'SOURCE_UNREADABLE',
        `${file.name} was changed while it was read, so nothing of it was used. Try again when it is complete; a writer should write under another name and rename at the end.`,
      );
    }
  }
}

/**
 * Unpacks a .gz file into `folder`. DuckDB would read it as it is, but does not notice that a file is cut off. And it reads
 * any path as a pattern: a file with characters of a pattern in its path gets a link without them in the folder.
 *
 * @throws ExportError SOURCE_MALFORMED, DISK_FULL
 */
export async function unpack(file: DataFile, folder: string, number: number): Promise<DataFile> {
  if (!file.gzip) return MAGIC.test(file.path) ? link(file, join(folder, `link-${number}`)) : file;
  const readable = join(folder, `unpacked-${number}`);
  try {
    await pipeline(createReadStream(file.path), createGunzip(), createWriteStream(readable, { mode: 0o600 }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull();
    throw notRead(file, error);
  }
  return { ...file, readable };
}

/** Why the bytes of a file could not be read or unpacked. */
export function notRead(file: DataFile, error: unknown): ExportError {
  const { code } = error as NodeJS.ErrnoException;
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

/** The text of a file in pieces, unpacked, without a byte order mark. */
export async function* readText(file: DataFile, encoding: Encoding = 'utf-8'): AsyncGenerator<string> {
  const bytes = createReadStream(file.readable);
  const packed = file.gzip && file.readable === file.path;
  const source = packed ? bytes.pipe(createGunzip()) : bytes;
  // pipe() does not pass on an error of `bytes`.
  bytes.on('error', (error) => source.destroy(error));
  try {
    if (encoding === 'latin-1') {
      for await (const chunk of source) yield (chunk as Buffer).toString('latin1');
      return;
    }
    const decoder = new TextDecoder(encoding === 'utf-16' ? 'utf-16le' : 'utf-8');
    for await (const chunk of source) yield decoder.decode(chunk as Buffer, { stream: true });
    yield decoder.decode();
  } catch (error) {
    throw notRead(file, error);
  } finally {
    bytes.destroy();
  }
}

/** A file in another encoding than configured reads as no rows or as wrong text, without an error. */
export async function checkByteOrderMark(file: DataFile, encoding: Encoding): Promise<void> {
  if (file.gzip && file.readable === file.path) return;
  const [first, second] = await firstBytes(file.readable);
  if (first === 0xfe && second === 0xff) {
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${file.name} is UTF-16 with the high byte first, which cannot be read. Save it as UTF-8.`,
    );
  }
  if (first === 0xff && second === 0xfe && encoding !== 'utf-16') {
    throw new ExportError('SOURCE_MALFORMED', `${file.name} is UTF-16. Set csv.encoding: utf-16 for it.`);
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function stampOf(path: string): Promise<{ size: number; stamp: string }> {
  const { size, mtimeMs, ino } = await stat(path);
  return { size, stamp: `${ino} ${size} ${mtimeMs}` };
}

function unreadable(path: string, error: unknown): ExportError {
  if (error instanceof ExportError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new ExportError(
    'SOURCE_UNREADABLE',
    `${path} could not be read (${code ?? 'unknown reason'}). Check that the file exists and that the worker may read it.`,
  );
}
