import type { Readable } from 'node:stream';
import { ExportError, type ExportErrorCode } from '../errors';

/** What a store is asked for: which errors it has, and what they say. */
export interface Purpose {
  /** Code of what passes by itself. */
  readonly unavailable: ExportErrorCode;
  /** Code of what a person has to change. */
  readonly refused: ExportErrorCode;
  /** Code of a store without space. */
  readonly full: ExportErrorCode;
  /** A sentence about what was read or written before the store was lost. */
  readonly consequence: string;
  /** Of the configuration: what needs the store, what names the bucket, what has the connection, and what these belong to. */
  readonly needs: string;
  readonly place: string;
  readonly section: string;
  readonly owner: string;
  /** What the identity needs, as the end of a sentence. */
  readonly grant: string;
  /** What to do with an archived object, in a sentence. */
  readonly archived: string;
}

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
 * What is needed to read objects: two requests. Each is repeated by the client of the provider where the store asks for it or does not
 * answer.
 *
 * @throws ExportError with the codes of its purpose, SECRET_UNAVAILABLE
 */
export interface ObjectStore {
  /** The keys that begin with the prefix, as far as they have no further slash. Nothing there is no error. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<Listing>;
  /** The content, only if the object still has this ETag. @throws see `isReplaced` */
  read(object: StoredObject, range: ReadRange): Promise<ObjectBody>;
  /** Releases connections. Repeated, it does nothing. */
  close(): void;
}

/** What a store knows of an object besides its content. */
export interface ObjectHead extends StoredObject {
  /** In milliseconds since 1970. */
  readonly createdMs: number;
  /** What it was created with. */
  readonly metadata: Metadata;
}

/** Names of small letters and digits: neither provider takes all others. */
export type Metadata = Readonly<Record<string, string>>;

/** What an object is made of. It is read piece by piece, and again where a request is repeated. */
export interface Content {
  /** In bytes. */
  readonly size: number;
  /** @returns so many bytes, which stay as they are */
  readonly read: (from: number, length: number) => Promise<Buffer>;
}

interface CreateOptions {
  readonly metadata: Metadata;
  /** In several requests, of which the last one creates it. Default: where it is larger than one piece. */
  readonly inPieces?: boolean;
}

/** A store whose objects are created once. */
export interface WritableStore extends ObjectStore {
  /**
   * Undefined where there is no such object, as the store itself says it: a 404 of a proxy or a gateway before it is an error. Who is first, and
   * whether there is a baseline, is decided by what is absent.
   */
  head(key: string): Promise<ObjectHead | undefined>;
  /** The whole object, for one that fits into memory. */
  get(key: string): Promise<{ readonly head: ObjectHead; readonly bytes: Buffer } | undefined>;
  /**
   * Creates an object unless the key is taken, which the store itself decides when the last byte has arrived. What it has received of an
   * object that it did not create is given up.
   *
   * @returns false: the key is taken, perhaps by an earlier try of this call whose answer was lost
   */
  create(key: string, content: Content, options: CreateOptions): Promise<boolean>;
  /** Deletes an object, if there is one. */
  remove(key: string): Promise<void>;
}

/** In bytes. An object up to this size is one request; of a larger one, so much is in memory. */
export const PIECE = 8 * 1024 * 1024;

/** Reads the pieces of a content, one after the other. */
export async function* piecesOf({ size, read }: Content): AsyncGenerator<Buffer> {
  // An empty object has one piece, too.
  for (let from = 0; from === 0 || from < size; from += PIECE)
    yield await read(from, Math.min(PIECE, size - from));
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
