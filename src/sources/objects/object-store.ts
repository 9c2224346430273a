import type { Readable } from 'node:stream';
import { ExportError } from '../../errors';

/** One object, as a list of its store has it. */
export interface StoredObject {
  /** In the bucket or container. */
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** Another one after each change of the content. */
  readonly etag: string;
  /** Of the content, where the store keeps it. */
  readonly md5?: Buffer | undefined;
}

/** A page of what there is of one prefix. */
export interface Listing {
  readonly objects: readonly StoredObject[];
  /** Beginnings of further keys, up to and with their next slash. */
  readonly folders: readonly string[];
}

export interface ReadRange {
  /** The first byte that is wanted. */
  readonly from: number;
  readonly signal: AbortSignal;
}

export interface ObjectBody {
  readonly stream: Readable;
  /** Whether the client unpacked it (Content-Encoding), so that neither its size nor its hash are those of the object. */
  readonly isUnpacked: boolean;
}

/**
 * What is needed of a store of objects: two requests. Each is repeated by the client of the provider where the store asks for it or does not
 * answer.
 *
 * @throws ExportError SOURCE_UNAVAILABLE, SOURCE_UNREADABLE, SECRET_UNAVAILABLE
 */
export interface ObjectStore {
  /** The keys that begin with the prefix, as far as they have no further slash. Nothing there is no error. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<Listing>;
  /** The content, only if the object still has this ETag. @throws see `isReplaced` */
  read(object: StoredObject, range: ReadRange): Promise<ObjectBody>;
  /** Releases connections. Repeated, it does nothing. */
  close(): void;
}

/** The cause of an error, of which another reading of the whole source may know nothing. */
class Replaced extends Error {
  override readonly name = 'Replaced';
}

/** Something was replaced, written or deleted between a list and the end of the reading. */
export function replacedWhileRead(name: string): ExportError {
  return new ExportError(
    'SOURCE_UNREADABLE',
    `${name} was replaced, added or deleted while the source was read, so nothing of it was used. Try again when all files are complete.`,
    { cause: new Replaced() },
  );
}

export function isReplaced(error: unknown): boolean {
  return error instanceof ExportError && error.cause instanceof Replaced;
}
