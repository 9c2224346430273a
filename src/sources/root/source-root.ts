import type { DataFile } from '../files/data-file';

/** What is in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** Where copies of files go, and what stops it. */
interface Workplace {
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface OpenFileOptions extends Workplace {
  /** The beginning is enough, so that a copy of a large file may end anywhere after it. @default false */
  readonly headOnly?: boolean;
}

/**
 * Where a source has its files: a folder of this machine, or objects of a store below a prefix. Opened for one reading. A path that `find`
 * and `pathOf` answer names a file for the other methods.
 *
 * @throws ExportError SOURCE_UNREADABLE, SOURCE_UNAVAILABLE, SECRET_UNAVAILABLE, CONFIG_INVALID
 */
export interface SourceRoot {
  /** For messages, without anything secret: a path, or `s3://bucket/prefix`. */
  readonly address: string;
  /**
   * Paths of the files of a table, sorted, each once. `*`, `?` and `[ab]` match within a name, `**` any folders; names that start with a dot
   * only match a pattern that does.
   *
   * @param what names the table in messages: `profiles`
   */
  find(patterns: string | readonly string[], what: string): Promise<readonly string[]>;
  /** What is in a folder below the root; '' is the root itself. */
  list(folder: string): Promise<readonly FolderEntry[]>;
  /** Whether there is a file at this place below the root. */
  has(place: string): Promise<boolean>;
  /** The path of a file below the root. Throws for one that is not there, or lies outside. */
  pathOf(place: string): Promise<string>;
  /** The file, on this machine: itself, or a copy in the folder of the reading. @throws also DISK_FULL, and see `isReplaced` */
  open(path: string, options: OpenFileOptions): Promise<DataFile>;
  /** Its text, by its place below the root, without a byte order mark. */
  readText(place: string): Promise<string>;
  /** An equal text means the same file, hours or months later and in another process. Opens nothing. */
  stateOf(path: string): Promise<string>;
  /** The same root with what is there now. Undefined: files are read where they are, so they are compared after the reading. */
  again(): SourceRoot | undefined;
}
