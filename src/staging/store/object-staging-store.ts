import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ExportError } from '../../errors';
import {
  type Content,
  type ObjectHead,
  type Purpose,
  type WritableStore,
  isReplaced,
} from '../../objects/object-store';
import { readObject } from '../../objects/read-object';
import { isRefused } from '../../objects/store-error';
import type { ObjectInfo, StagingStore } from '../../ports/staging-store';
import { FileCache, hashOfFile } from './file-cache';
import { requireOwnFolder } from './folder-store';
import { FILE_MODE } from './local-files';
import { requireConditions } from './require-conditions';
import { createSemaphore } from './semaphore';

export interface ObjectStagingOptions {
  /** What it is, in a word: `s3`. */
  readonly kind: string;
  /** Without anything secret: `s3://bucket/prefix`. */
  readonly address: string;
  /** Before all keys, without a slash at its end; '' for none. */
  readonly prefix: string;
  /** Local folder. */
  readonly workFolder: string;
  /** For copies of objects, in bytes. 0: what is put leaves none. */
  readonly cacheLimit: number;
  readonly purpose: Purpose;
  /** Reads the credentials. Called again after a request was refused. */
  readonly connect: () => Promise<WritableStore>;
}

const CACHE = 'cache';
/** Requests at once: more would wait for a connection, and each may have a piece of an object in memory. */
const MAX_AT_ONCE = 16;
/** So often an object may be replaced while it is fetched, as one that is deleted and created again is. */
const MAX_FETCHES = 5;
/** Of calls whose outcome is not known. Of one that is forgotten, the object counts as that of another call, which is what callers expect. */
const MAX_UNKNOWN = 1000;

// In the metadata of each object. Names of small letters and digits, since neither provider takes all others.
const HASH = 'sha256';
const PUT = 'put';

/**
 * A store in a bucket of Amazon S3, or in a container of Azure Blob Storage. An object is created by one conditional request for its final
 * key (`If-None-Match: *`), by the last one of several where it is large. Its metadata has the hash of its content, and a random id of the
 * call that has put it: so a call whose request was repeated, by the client or by a proxy, recognises its own object, and so does the same call of this process after one that failed. The hash alone would not do: two
 * attempts often put the same content, and one of them only may go on.
 *
 * What is read as a file is copied to this machine first, and stays there for the next step. Reading writes nothing into the bucket.
 */
export class ObjectStagingStore implements StagingStore {
  readonly kind: string;
  readonly isServed = true;
  readonly workFolder: string;
  readonly #place: ObjectStagingOptions;
  readonly #cache: FileCache;
  #connection: Promise<WritableStore> | undefined;
  #isOurs = false;
  /** Calls of `put` that failed, and may have created their object, by key. */
  readonly #unknown = new Map<string, { readonly sha256: string; readonly id: string }>();
  readonly #withSlot = createSemaphore(MAX_AT_ONCE);

  constructor(place: ObjectStagingOptions) {
    this.kind = place.kind;
    this.workFolder = place.workFolder;
    this.#place = place;
    this.#cache = new FileCache(join(place.workFolder, CACHE), place.cacheLimit);
  }

  async requireSafe(): Promise<void> {
    await this.#requireOurs();
    const { address, prefix } = this.#place;
    await this.#ask((store) => requireConditions(store, { address, prefix }));
    await this.#cache.start();
  }

  async put(key: string, content: string | { readonly file: string }): Promise<boolean> {
    if (typeof content === 'string') return this.#create(key, ofBytes(Buffer.from(content, 'utf8')));
    const { file } = content;
    try {
      await this.#requireOurs();
      const sha256 = await hashOfFile(file);
      const { size } = await stat(file);
      const handle = await open(file, 'r');
      try {
        const read = async (from: number, length: number): Promise<Buffer> => {
          const bytes = Buffer.allocUnsafe(length);
          const { bytesRead } = await handle.read(bytes, 0, length, from);
          // Shorter than it was: another object than its hash says.
          if (bytesRead !== length) throw new Error('A file was changed while it was stored.');
          return bytes;
        };
        if (!(await this.#create(key, { size, read, sha256 }))) return false;
      } finally {
        await handle.close();
      }
      // The next step often reads it here. Without a copy, it fetches one.
      if (this.#place.cacheLimit > 0)
        await this.#cache.keep({ key, sha256, size }, file).catch(() => undefined);
      return true;
    } finally {
      await rm(file, { force: true });
    }
  }

  async #create(
    key: string,
    { sha256, ...content }: Content & { readonly sha256: string },
  ): Promise<boolean> {
    const id = this.#takeUnknown(key, sha256) ?? randomUUID();
    return this.#ask(async (store) => {
      const path = this.#keyOf(key);
      const isOurs = async () => (await store.head(path))?.metadata[PUT] === id;
      try {
        if (await store.create(path, content, { metadata: { [HASH]: sha256, [PUT]: id } })) return true;
        return await isOurs();
      } catch (error) {
        // Its last answer may be lost for good. Where that cannot be asked either, it is when the call is repeated.
        if (await isOurs().catch(() => false)) return true;
        if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.clear();
        this.#unknown.set(key, { sha256, id });
        throw error;
      }
    });
  }

  /** The id of a call of this process that put the same, and may have. Two calls never have it at once. */
  #takeUnknown(key: string, sha256: string): string | undefined {
    const found = this.#unknown.get(key);
    if (found?.sha256 !== sha256) return undefined;
    this.#unknown.delete(key);
    return found.id;
  }

  async get(key: string): Promise<string | undefined> {
    const found = await this.#ask((store) => store.get(this.#keyOf(key)));
    if (!found) return undefined;
    if (hashOf(found.bytes) !== this.#hashIn(found.head)) throw this.#damaged(key);
    return found.bytes.toString('utf8');
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const found = await this.#ask((store) => store.head(this.#keyOf(key)));
    const sha256 = found?.metadata[HASH];
    return found && { size: found.size, createdMs: found.createdMs, ...(sha256 !== undefined && { sha256 }) };
  }

  async list(folder: string): Promise<readonly string[]> {
    const start = this.#keyOf(folder);
    return this.#ask(async (store) => {
      const names: string[] = [];
      for await (const { objects, folders } of store.list(start, new AbortController().signal)) {
        names.push(...objects.map(({ key }) => key.slice(start.length)));
        names.push(...folders.map((key) => key.slice(start.length)));
      }
      // Some programs make an empty object for a folder.
      return names.filter((name) => name !== '').toSorted();
    });
  }

  async delete(key: string): Promise<void> {
    await this.#ask((store) => store.remove(this.#keyOf(key)));
    await this.#cache.drop(key);
  }

  async localFile(key: string): Promise<string | undefined> {
    await this.#requireOurs();
    for (let left = MAX_FETCHES; left > 0; left -= 1) {
      const head = await this.#ask((store) => store.head(this.#keyOf(key)));
      if (!head) return undefined;
      const content = { key, sha256: this.#hashIn(head), size: head.size };
      try {
        const path = await this.#cache.file(content, (to) => this.#fetch(head, to));
        if (path !== undefined) return path;
      } catch (error) {
        // Deleted, and perhaps created again.
        if (!isReplaced(error)) throw error;
        continue;
      }
      throw this.#damaged(key);
    }
    throw this.#damaged(key);
  }

  /** Never has more of it in memory than a stream does. */
  async #fetch(head: ObjectHead, path: string): Promise<void> {
    const { address, purpose } = this.#place;
    const options = { address, purpose, signal: new AbortController().signal };
    await this.#ask((store) =>
      pipeline(readObject(store, head, options), createWriteStream(path, { flags: 'wx', mode: FILE_MODE })),
    );
  }

  makeRoom(): Promise<boolean> {
    return this.#cache.makeRoom();
  }

  close(): void {
    this.#cache.close();
    const connection = this.#connection;
    this.#connection = undefined;
    void connection?.then((store) => store.close()).catch(() => undefined);
  }

  /** One that fails is not kept: what was wrong, such as a secret, may be right at the next request. */
  #connect(): Promise<WritableStore> {
    const connection = this.#place.connect();
    void connection.catch(() => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    return connection;
  }

  /** Runs a request when there is room for it. */
  #ask<Result>(request: (store: WritableStore) => Promise<Result>): Promise<Result> {
    return this.#withSlot(async () => {
      const connection = (this.#connection ??= this.#connect());
      try {
        return await request(await connection);
      } catch (error) {
        // Perhaps the secret was replaced: the next request reads it again. Others may still use this connection.
        const isOver =
          isRefused(error) || (error instanceof ExportError && error.code === 'SECRET_UNAVAILABLE');
        if (isOver && this.#connection === connection) this.#connection = undefined;
        throw error;
      }
    });
  }

  /** Others must not be able to change copies, which decide who is exported. */
  async #requireOurs(): Promise<void> {
    if (this.#isOurs || process.getuid === undefined) return;
    if (await requireOwnFolder(this.workFolder)) this.#isOurs = true;
  }

  #keyOf(key: string): string {
    const { prefix } = this.#place;
    return prefix === '' ? key : `${prefix}/${key}`;
  }

  #hashIn({ key, metadata }: ObjectHead): string {
    const hash = metadata[HASH];
    if (hash !== undefined && /^[0-9a-f]{64}$/.test(hash)) return hash;
    throw new ExportError(
      'STAGING_CORRUPT',
      `${key.split('/').at(-1)} in ${this.#place.address} has no hash in its metadata, so another program has written it. Restore the objects together with their metadata.`,
    );
  }

  #damaged(key: string): ExportError {
    return new ExportError(
      'STAGING_FAILED',
      `${key.split('/').at(-1)} of ${this.#place.address} has not the content that was stored. It is read again; if it keeps failing, restore it from a backup.`,
    );
  }
}

function ofBytes(bytes: Buffer): Content & { readonly sha256: string } {
  return {
    size: bytes.length,
    sha256: hashOf(bytes),
    read: (from, length) => Promise.resolve(bytes.subarray(from, from + length)),
  };
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
