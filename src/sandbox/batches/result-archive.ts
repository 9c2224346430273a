import type { FileHandle } from 'node:fs/promises';
import type { Pack } from 'tar-stream';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rm, stat, truncate } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { md5, shuffled } from '../model/hash';

export interface OperationResult {
  readonly status: number;
  readonly operationId: string | null;
  /** The reply as JSON text. */
  readonly response: string;
}

interface Piece {
  readonly start: number;
  readonly length: number;
}

export interface ArchiveShape {
  readonly resultsPerFile: number;
  /** Results to leave out. */
  readonly missing: number;
  /** Whether to truncate the file. */
  readonly truncated: boolean;
  /** What is wrong with the file. */
  readonly corrupt: 'bytes' | 'json' | undefined;
  /** Whether every result is in it twice. */
  readonly doubled: boolean;
  /** Whether one of the files has no bytes. */
  readonly emptyFile: boolean;
}

/** Collects the results of one batch on disk, because those of a large batch need too much memory. */
export class ResultSpool {
  readonly #folder: string;
  readonly #path: string;
  readonly #seed: string;
  readonly #pieces: Piece[] = [];
  #file: FileHandle | undefined;
  #end = 0;

  constructor(folder: string, id: string) {
    this.#folder = folder;
    this.#path = `${folder}/${id}.results`;
    this.#seed = id;
  }

  async add(result: OperationResult): Promise<void> {
    this.#file ??= await this.#open();
    const bytes = Buffer.from(resultJson(result, this.#pieces.length));
    await this.#file.write(bytes, 0, bytes.length, this.#end);
    this.#pieces.push({ start: this.#end, length: bytes.length });
    this.#end += bytes.length;
  }

  /** Writes an archive like Mailchimp's: `./`, several files, results in no particular order. */
  async archive(target: string, shape: ArchiveShape): Promise<void> {
    const known = shape.doubled ? [...this.#pieces, ...this.#pieces] : this.#pieces;
    const pieces = shuffled(known, this.#seed).slice(shape.missing);
    await this.#makeFolder();
    const tar = pack();
    await Promise.all([
      this.#fill(tar, filesOf(pieces, shape), shape.corrupt === 'json' ? '!' : ']'),
      pipeline(Readable.from(tar), createGzip({ level: 1 }), createWriteStream(target, { mode: 0o600 })),
    ]);
    const { size } = await stat(target);
    if (shape.truncated) await truncate(target, Math.floor(size * 0.6));
    if (shape.corrupt === 'bytes') await overwriteMiddle(target, size);
  }

  async #open(): Promise<FileHandle> {
    await this.#makeFolder();
    return open(this.#path, 'w+', 0o600);
  }

  /** Creates the folder again when it was deleted: a sandbox may run for weeks, and systems clean their temporary folders. */
  async #makeFolder(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }

  async discard(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await rm(this.#path, { force: true });
  }

  /** @param end of each file: `]`, where it is to be JSON */
  async #fill(tar: Pack, files: readonly (readonly Piece[])[], end: string): Promise<void> {
    tar.entry({ name: './', type: 'directory', mode: 0o755 });
    for (const [place, pieces] of files.entries()) {
      const name = `./${md5(`${this.#seed}/${place}`).slice(0, 20)}.json`;
      if (pieces.length === 0) tar.entry({ name, size: 0 }, '');
      else await this.#addFile(tar, { name, end }, pieces);
    }
    tar.finalize();
  }

  async #addFile(
    tar: Pack,
    { name, end }: { readonly name: string; readonly end: string },
    pieces: readonly Piece[],
  ): Promise<void> {
    const size = pieces.reduce((sum, piece) => sum + piece.length + 1, 1);
    const entry = tar.entry({ name, size });
    const done = once(entry, 'finish');
    for (const [place, piece] of pieces.entries()) {
      const bytes = Buffer.allocUnsafe(piece.length + 1);
      bytes.write(place === 0 ? '[' : ',');
      await this.#file!.read(bytes, 1, piece.length, piece.start);
      if (!entry.write(bytes)) await once(entry, 'drain');
    }
    entry.end(end);
    await done;
  }
}

// The order of the keys varies in recorded archives.
function resultJson({ status, operationId, response }: OperationResult, place: number): string {
  const result =
    place % 2 === 0
      ? { status_code: status, operation_id: operationId, response }
      : { response, operation_id: operationId, status_code: status };
  return JSON.stringify(result);
}

async function overwriteMiddle(file: string, size: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.write(Buffer.alloc(Math.max(1, size >> 3), 0x5a), 0, undefined, size >> 1);
  } finally {
    await handle.close();
  }
}

/** At least two files when there are two results, perhaps with an empty file between them. */
function filesOf(
  pieces: readonly Piece[],
  { resultsPerFile, emptyFile }: ArchiveShape,
): (readonly Piece[])[] {
  const size = Math.max(1, Math.min(resultsPerFile, Math.ceil(pieces.length / 2)));
  const files: (readonly Piece[])[] = [];
  for (let start = 0; start < pieces.length; start += size) files.push(pieces.slice(start, start + size));
  if (emptyFile || files.length === 0) files.splice(1, 0, []);
  return files;
}
