import { join, posix } from 'node:path';
import { ExportError } from '../../errors';
import {
  type Listing,
  type ObjectStore,
  type Purpose,
  type StoredObject,
  isReplaced,
} from '../../objects/object-store';
import { readObject } from '../../objects/read-object';
import { type DataFile, MAGIC, lookAt, writeTo } from '../files/data-file';
import { checkPattern, matchesBelow } from '../root/pattern';
import type { FolderEntry, OpenFileOptions, SourceRoot } from '../root/source-root';

export interface ObjectPlace {
  readonly store: ObjectStore;
  /** Of the bucket or container and the prefix, for messages. */
  readonly address: string;
  /** Nothing outside of it is read; without a slash at its end. */
  readonly prefix: string;
  readonly purpose: Purpose;
  readonly signal: AbortSignal;
}

/** A table has some files, a folder some thousands. Names alone would take the memory of the worker. */
const MOST_OBJECTS = 100_000;
/** A text is a model of some megabytes at most. */
const LONGEST_TEXT = 100_000_000;
const READINGS = 3;
/** In bytes: a header line may have two million, and some rows after it are looked at. */
const HEAD = 4_000_000;

/** Objects below a prefix. What was listed once stays as it was, so that one reading sees one state. Paths are keys below the prefix. */
export class ObjectRoot implements SourceRoot {
  readonly address: string;
  readonly #place: ObjectPlace;
  readonly #listings = new Map<string, Promise<Listing>>();
  readonly #objects = new Map<string, StoredObject>();
  #copies = 0;

  constructor(place: ObjectPlace) {
    this.#place = place;
    this.address = place.address;
  }

  async find(patterns: string | readonly string[], what: string): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const pattern of typeof patterns === 'string' ? [patterns] : patterns) {
      for (const path of await this.#matches(pattern, what)) found.add(path);
    }
    return [...found].toSorted();
  }

  async #matches(pattern: string, what: string): Promise<string[]> {
    const steps = stepsOf(pattern, what);
    const path = steps.join('/');
    // The path of an existing object means that object, even if it contains wildcards.
    const listing = await this.#list(path);
    if (this.#objects.has(path)) return [path];
    if (listing.folders.includes(`${this.#keyOf(path)}/`)) {
      throw new ExportError(
        'SOURCE_UNREADABLE',
        `${what}: ${pattern} is a folder of ${this.address}. Name its files, e.g. ${pattern}/*.parquet.`,
      );
    }
    const files = MAGIC.test(pattern) ? await this.#filesLike(steps, what) : [];
    if (files.length > 0) return files;
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `${what}: there is no object ${pattern} in ${this.address}. Correct the path in the configuration or put the file there.`,
    );
  }

  async #filesLike(steps: readonly string[], what: string): Promise<string[]> {
    checkPattern(steps, what);
    const list = async (folder: string, head: string) => this.#entries(folder, head);
    const paths = await matchesBelow('', steps, { join: (folder, name) => posix.join(folder, name), list });
    const files: string[] = [];
    for (const path of paths) if (await this.has(path)) files.push(path);
    return files;
  }

  list(folder: string): Promise<readonly FolderEntry[]> {
    return this.#entries(folder, '');
  }

  async #entries(folder: string, head: string): Promise<FolderEntry[]> {
    const inside = folder === '' ? '' : `${folder}/`;
    const start = this.#keyOf(inside).length;
    const { objects, folders } = await this.#list(`${inside}${head}`);
    const entries = [
      ...objects.map(({ key }) => ({ name: key.slice(start), isFolder: false })),
      ...folders.map((key) => ({ name: key.slice(start, -1), isFolder: true })),
    ];
    // Programs write an empty object for a folder, with a slash at its end. A name that is "." or ".." leads to no other folder here.
    return entries.filter(({ name }) => name !== '' && name !== '.' && name !== '..');
  }

  async has(place: string): Promise<boolean> {
    if (this.#objects.has(place)) return true;
    const folder = posix.dirname(place);
    await this.#list(folder === '.' ? '' : `${folder}/`);
    return this.#objects.has(place);
  }

  async pathOf(place: string): Promise<string> {
    if (await this.has(place)) return place;
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `${place} is not in ${this.address}. Check that it is there and that the worker may read it.`,
    );
  }

  async open(path: string, { folder, signal, headOnly = false }: OpenFileOptions): Promise<DataFile> {
    const object = await this.#object(path);
    this.#copies += 1;
    const copy = join(folder, `object-${this.#copies}`);
    const bytes = readObject(this.#place.store, object, { ...this.#place, signal });
    await writeTo(copy, headOnly ? headOf(bytes) : bytes);
    return { ...(await lookAt(copy)), name: posix.basename(path) };
  }

  /** Of its last state: a text is read at once, so it may be another one than at the last list. */
  async readText(place: string): Promise<string> {
    for (let left = READINGS; ; left -= 1) {
      const now = new ObjectRoot(this.#place);
      const object = await now.#object(place);
      if (object.size > LONGEST_TEXT) {
        throw new ExportError(
          'SOURCE_MALFORMED',
          `${place} of ${this.address} is too large for a model (limit: ${LONGEST_TEXT / 1_000_000} MB). Name another file.`,
        );
      }
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of readObject(this.#place.store, object, this.#place)) chunks.push(chunk);
        return Buffer.concat(chunks)
          .toString('utf8')
          .replace(/^\uFEFF/, '');
      } catch (error) {
        if (left === 1 || !isReplaced(error)) throw error;
      }
    }
  }

  async stateOf(path: string): Promise<string> {
    const { size, etag } = await this.#object(path);
    return `${path}\n${size} ${etag}`;
  }

  again(): ObjectRoot {
    return new ObjectRoot(this.#place);
  }

  async #object(path: string): Promise<StoredObject> {
    const object = this.#objects.get(await this.pathOf(path));
    if (object) return object;
    throw new Error('a path that was found is known');
  }

  #list(inside: string): Promise<Listing> {
    const known = this.#listings.get(inside);
    if (known) return known;
    const listing = this.#listNow(inside);
    this.#listings.set(inside, listing);
    return listing;
  }

  async #listNow(inside: string): Promise<Listing> {
    const { store, signal } = this.#place;
    const start = this.#keyOf('').length;
    const [objects, folders]: [StoredObject[], string[]] = [[], []];
    for await (const page of store.list(this.#keyOf(inside), signal)) {
      for (const object of page.objects) {
        objects.push(object);
        const path = object.key.slice(start);
        // A later list of the same object is of a later time.
        if (!this.#objects.has(path)) this.#objects.set(path, object);
      }
      folders.push(...page.folders);
      if (this.#objects.size + folders.length > MOST_OBJECTS) throw this.#tooMany();
    }
    return { objects, folders };
  }

  #tooMany(): ExportError {
    return new ExportError(
      'SOURCE_UNREADABLE',
      `${this.address} has more than ${MOST_OBJECTS} objects where files were looked for. Set root to a prefix with fewer, or name the files more exactly.`,
    );
  }

  #keyOf(path: string): string {
    const { prefix } = this.#place;
    return prefix === '' ? path : `${prefix}/${path}`;
  }
}

async function* headOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of bytes) {
    yield chunk;
    size += chunk.length;
    if (size >= HEAD) return;
  }
}

function stepsOf(pattern: string, what: string): string[] {
  const isForeign = /^(?:[a-z][a-z0-9+.-]+:\/\/|\/)/i.test(pattern);
  const steps = pattern.split('/').filter((step) => step !== '' && step !== '.');
  if (!isForeign && steps.length > 0 && !steps.includes('..')) return steps;
  throw new ExportError(
    'CONFIG_INVALID',
    `${what}: ${pattern} is no path below the root. With a root that is s3://… or az://…, paths start there, and nothing outside of it is read.`,
  );
}
