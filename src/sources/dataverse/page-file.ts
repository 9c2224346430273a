import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { diskFull } from '../../duckdb/database-error';
import { ExportError } from '../../errors';

/** The longest row that DuckDB reads: a longer one it would leave out, and not say so. */
const MAX_ROW_BYTES = 7_900_000;

const StateSchema = z.object({
  rows: z.number(),
  bytes: z.number(),
  next: z.string().nullable(),
});

/** What is complete of a file of pages. Its `next` has keys of rows: it stays in the folder. */
export interface PageState extends z.infer<typeof StateSchema> {}

export interface PageRows {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Address of the page after these; null: there is none. */
  readonly next: string | null;
}

/**
 * Rows of a table as CSV, page by page, and beside them what is complete. A process that dies while it writes leaves a file that ends with a
 * part of a page; only what the state says counts.
 */
export class PageFile {
  readonly path: string;
  readonly #statePath: string;
  #state: PageState | undefined;

  private constructor(folder: string, name: string) {
    this.path = join(folder, `${name}.csv`);
    this.#statePath = join(folder, `${name}.json`);
  }

  /** Goes on with what is there. */
  static async open(folder: string, name: string): Promise<PageFile> {
    const file = new PageFile(folder, name);
    file.#state = await readState(file.#statePath);
    return file;
  }

  /** Undefined before the first page. */
  get state(): PageState | undefined {
    return this.#state;
  }

  /** Copies what is complete of another folder's file. Its owner may be alive, and write into it: so it is not taken over itself. */
  async adopt(folder: string, name: string): Promise<void> {
    const earlier = new PageFile(folder, name);
    const state = await readState(earlier.#statePath);
    if (state) await onDisk(() => this.#copy(earlier, state));
  }

  async #copy(earlier: PageFile, state: PageState): Promise<void> {
    const from = await open(earlier.path, 'r');
    const to = await open(this.path, 'w', 0o600);
    try {
      const piece = Buffer.alloc(1_000_000);
      for (let left = state.bytes; left > 0;) {
        const { bytesRead } = await from.read(piece, 0, Math.min(piece.length, left));
        // A machine that lost power may have kept the state and not the rows.
        if (bytesRead === 0) return;
        await to.write(piece, 0, bytesRead);
        left -= bytesRead;
      }
      await to.datasync();
    } finally {
      await from.close();
      await to.close();
    }
    await this.#seal(state);
  }

  /** @param what for messages @throws ExportError SOURCE_MALFORMED */
  async append(page: PageRows, columns: readonly string[], what: string): Promise<void> {
    const { rows, bytes } = this.#state ?? { rows: 0, bytes: 0 };
    const text = Buffer.from(page.rows.map((row) => lineOf(row, columns, what)).join(''));
    await onDisk(async () => {
      const file = await open(this.path, bytes === 0 ? 'w' : 'r+', 0o600);
      try {
        await file.truncate(bytes);
        for (let at = 0; at < text.length;)
          at += (await file.write(text, at, text.length - at, bytes + at)).bytesWritten;
        await file.datasync();
      } finally {
        await file.close();
      }
      await this.#seal({ rows: rows + page.rows.length, bytes: bytes + text.length, next: page.next });
    });
  }

  /** Begins again. */
  async clear(): Promise<void> {
    this.#state = undefined;
    await rm(this.#statePath, { force: true });
    await rm(this.path, { force: true });
  }

  async #seal(state: PageState): Promise<void> {
    const half = `${this.#statePath}.half`;
    await writeFile(half, JSON.stringify(state), { mode: 0o600 });
    await rename(half, this.#statePath);
    this.#state = state;
  }
}

/** What a failure of the disk, or a folder that another attempt has taken over, means. */
async function onDisk(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull();
    if (typeof code !== 'string' || error instanceof ExportError) throw error;
    throw new ExportError(
      'STAGING_FAILED',
      `A working file could not be written or read (${code}). Check the disk of the staging folder.`,
    );
  }
}

async function readState(path: string): Promise<PageState | undefined> {
  try {
    return StateSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function lineOf(row: Readonly<Record<string, unknown>>, columns: readonly string[], what: string): string {
  const values = columns.map((column) => quoted(textOf(row[column]), column, what));
  // A row of one empty value would be an empty line.
  const line = `${values.join(',')},0\n`;
  if (line.length > MAX_ROW_BYTES / 3 && Buffer.byteLength(line) > MAX_ROW_BYTES) {
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${what}: a row is longer than ${MAX_ROW_BYTES / 1_000_000} MB. Leave its longest column out of what is exported.`,
    );
  }
  return line;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function quoted(text: string, column: string, what: string): string {
  if (text === '') return '';
  if (text.includes('\0')) {
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${what}: a value of "${column}" has a NUL character. Remove it in the source.`,
      {
        details: { column },
      },
    );
  }
  return `"${text.replaceAll('"', '""')}"`;
}
