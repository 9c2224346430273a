import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { ExportError } from '../../errors';
import { type DataFile, MAGIC, lookAt, unreadable } from '../files/data-file';
import { checkPattern, matchesBelow } from './pattern';
import type { FolderEntry, SourceRoot } from './source-root';

/** A folder of this machine. */
export class FolderRoot implements SourceRoot {
  /** Absolute. */
  readonly address: string;

  constructor(folder: string) {
    this.address = resolve(folder);
  }

  /** Absolute patterns are of the whole machine. */
  async find(patterns: string | readonly string[], what: string): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const pattern of typeof patterns === 'string' ? [patterns] : patterns) {
      for (const path of await this.#matches(pattern, what)) found.add(path);
    }
    return [...found].toSorted();
  }

  async #matches(pattern: string, what: string): Promise<string[]> {
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(pattern)) {
      throw new ExportError(
        'SOURCE_UNREADABLE',
        `${what}: ${pattern} is not on this machine. Set root of the source to the bucket or container (s3://… or az://…) and path to what is below it, or copy the files here first.`,
      );
    }
    const path = isAbsolute(pattern) ? pattern : join(this.address, pattern);
    const kind = await kindOf(path);
    // The path of an existing file means that file, even if it contains wildcards.
    if (kind === 'file') return [path];
    if (kind === 'folder') {
      throw new ExportError(
        'SOURCE_UNREADABLE',
        `${what}: ${pattern} is a folder. Name its files, e.g. ${pattern}/*.csv.`,
      );
    }
    const files = MAGIC.test(pattern) ? await filesBelow(path, what) : [];
    if (files.length > 0) return files;
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `${what}: there is no file ${pattern}${isAbsolute(pattern) ? '' : ` (looked for from ${this.address})`}. Correct the path in the configuration or put the file there.`,
    );
  }

  /** Links are left out. */
  async list(folder: string): Promise<readonly FolderEntry[]> {
    const path = join(this.address, folder);
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      throw notRead(`The folder ${path}`, error);
    });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isFile())
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  }

  async has(place: string): Promise<boolean> {
    return (await kindOf(join(this.address, place))) === 'file';
  }

  /** Absolute, without links below the root. */
  async pathOf(place: string): Promise<string> {
    const root = await realpath(this.address).catch((error: unknown) => {
      throw notRead(`The folder ${this.address}`, error);
    });
    const real = await realpath(join(root, place)).catch((error: unknown) => {
      throw notRead(place, error);
    });
    const inside = relative(root, real);
    if (inside.split(sep)[0] !== '..') return join(this.address, inside);
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `${place} leads out of the root ${this.address}, so it is not read. Put the file itself there, or set root to a folder that has all files.`,
    );
  }

  open(path: string): Promise<DataFile> {
    return lookAt(path);
  }

  async readText(place: string): Promise<string> {
    const path = await this.pathOf(place);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw notRead(place, error);
    });
    return text.replace(/^\uFEFF/, '');
  }

  /**
   * Name, number, size and times. The time of the last change is among them, which no program can set: a file that was copied with its old
   * time, to the number of a deleted one, is another file. In nanoseconds, since a file can be written several times in a millisecond.
   */
  async stateOf(path: string): Promise<string> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      // Two workers may have the folder at different places.
      return `${relative(this.address, path)}\n${[ino, size, mtimeNs, ctimeNs].join(' ')}`;
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  again(): undefined {
    return undefined;
  }
}

async function filesBelow(pattern: string, what: string): Promise<string[]> {
  const { root } = parse(pattern);
  const steps = pattern.slice(root.length).split('/').filter(Boolean);
  checkPattern(steps, what);
  const paths = await matchesBelow(root, steps, { join, list: entriesOf });
  const kinds = await Promise.all(paths.map(kindOf));
  return paths.filter((_, index) => kinds[index] === 'file');
}

/** Links are no folders, so `**` does not follow them: they may form a circle. */
async function entriesOf(folder: string): Promise<FolderEntry[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(nothingThere);
  return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
}

function nothingThere(error: NodeJS.ErrnoException): never[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw new ExportError(
    'SOURCE_UNREADABLE',
    `${error.path ?? 'A folder'} could not be listed (${error.code ?? 'unknown reason'}). Let the worker read the folder.`,
  );
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'nothing'> {
  try {
    const stats = await stat(path);
    return stats.isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}

function notRead(what: string, error: unknown): ExportError {
  const { code } = error as NodeJS.ErrnoException;
  return new ExportError(
    'SOURCE_UNREADABLE',
    `${what} could not be read (${code ?? 'unknown reason'}). Check that it is there and that the worker may read it.`,
  );
}
