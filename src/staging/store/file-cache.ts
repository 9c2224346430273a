import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, rename, rm, stat, statfs, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../errors';
import { FILE_MODE, isCode, listFolder, makeFolder, randomName } from './local-files';

/** A copy of an object, as it has to be. */
export interface CachedContent {
  readonly key: string;
  /** Of the content, in hexadecimal digits. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

const MINUTE_MS = 60_000;
/** What was asked for is read for as long as a step takes: it stays, also above the limit. */
const IN_USE_MS = 30 * MINUTE_MS;
/** Rows must not outlive their object for long. */
const UNUSED_MS = 24 * 60 * MINUTE_MS;
/** A file in progress of a process that died. */
const ABANDONED_MS = 2 * 60 * MINUTE_MS;
const LOOK_EVERY_MS = 60 * MINUTE_MS;
/** So often at most, the time of a use is noted. */
const NOTE_EVERY_MS = MINUTE_MS;
/** Each process looks again after it has added this share of the limit, so each may pass it by so much. */
const SHARE = 16;
const MAX_VERIFIED = 10_000;
const HASHED_AT_ONCE = 1024 * 1024;

const COPY = /^[0-9a-f]{16}-[0-9a-f]{64}-/;
const IN_PROGRESS = /^fetch-[0-9a-f]{12}$/;

/**
 * Copies of objects on this machine, shared by its processes. A copy gets its name when it is complete, and its hash is compared before a
 * process uses it first: one that is lost or damaged is fetched again. The file keeps the last name of the key, which SQL reads.
 */
export class FileCache {
  readonly #folder: string;
  readonly #limit: number;
  readonly #verified = new Map<string, string>();
  readonly #fetching = new Map<string, Promise<string | undefined>>();
  #added = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param limit in bytes */
  constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /**
   * Path of the copy. Another process may delete it right away, when its object is deleted: then a later call fetches it again.
   * @param fetch writes the content into a new file; what it throws is thrown. On a full disk it is called twice
   * @returns undefined where the content that was fetched is another one
   * @throws ExportError DISK_FULL
   */
  async file(content: CachedContent, fetch: (path: string) => Promise<void>): Promise<string | undefined> {
    const path = this.#pathOf(content);
    if (await this.#isWhole(path, content.sha256)) return path;
    const running = this.#fetching.get(path);
    if (running) return running;
    const fetching = this.#fetchWithRoom(content, fetch);
    // Two steps of a process often ask for the same file at once.
    this.#fetching.set(path, fetching);
    try {
      return await fetching;
    } finally {
      this.#fetching.delete(path);
    }
  }

  /** A full disk need not stop an export while it has copies that no step reads. */
  async #fetchWithRoom(
    content: CachedContent,
    fetch: (path: string) => Promise<void>,
  ): Promise<string | undefined> {
    try {
      return await this.#fetch(content, fetch);
    } catch (error) {
      if (!isFull(error)) throw error;
      await this.#tidy(0);
    }
    try {
      return await this.#fetch(content, fetch);
    } catch (error) {
      throw isFull(error) ? await this.#full(content, error) : error;
    }
  }

  async #full({ key, size }: CachedContent, cause: unknown): Promise<ExportError> {
    const disk = await statfs(this.#folder).catch(() => undefined);
    const freeBytes = disk && disk.bavail * disk.bsize;
    const free = freeBytes === undefined ? '' : `, and ${inMegabytes(freeBytes)} are free`;
    return new ExportError(
      'DISK_FULL',
      `${nameOf(key)} does not fit on the disk of the local staging folder: it needs ${inMegabytes(size)}${free}. Copies that nothing asked for in the last half hour were deleted. Free some space, then resume.`,
      { details: { neededBytes: size, ...(freeBytes !== undefined && { freeBytes }) }, cause },
    );
  }

  async #fetch(content: CachedContent, fetch: (path: string) => Promise<void>): Promise<string | undefined> {
    await makeFolder(this.#folder);
    const temporary = join(this.#folder, `fetch-${randomName()}`);
    try {
      await fetch(temporary);
      if ((await hashOfFile(temporary)) !== content.sha256) return undefined;
      return await this.keep(content, temporary);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Takes a finished file of the same disk, whose hash is that of the content. It is gone from where it was. */
  async keep(content: CachedContent, file: string): Promise<string> {
    await makeFolder(this.#folder);
    const path = this.#pathOf(content);
    await chmod(file, FILE_MODE);
    const { mtime } = await stat(file);
    await utimes(file, new Date(), mtime);
    const state = await stateOf(file);
    // The last of it: once it has the name, another process may delete it.
    await rename(file, path);
    this.#trust(path, state);
    await this.#makeRoom(content.size);
    return path;
  }

  /** Deletes the copies of an object, if there are any. */
  async drop(key: string): Promise<void> {
    const start = `${hashOfKey(key)}-`;
    for (const name of await listFolder(this.#folder))
      if (name.startsWith(start)) await this.#remove(join(this.#folder, name));
  }

  /** Deletes what is too much, or unused, and looks again every hour: also where nothing is fetched any longer, rows must go. */
  async start(): Promise<void> {
    this.#timer ??= setInterval(
      () => void this.#tidy(this.#limit).catch(() => undefined),
      LOOK_EVERY_MS,
    ).unref();
    await this.#tidy(this.#limit);
  }

  /** Deletes all that no step may be reading. @returns whether there was any */
  async makeRoom(): Promise<boolean> {
    return (await this.#tidy(0)) > 0;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #pathOf({ key, sha256 }: CachedContent): string {
    return join(this.#folder, `${hashOfKey(key)}-${sha256}-${nameOf(key)}`);
  }

  /** Whether the copy is there, and as it should be. Compares its hash once for each process, and again when the file was changed. */
  async #isWhole(path: string, sha256: string): Promise<boolean> {
    try {
      const state = await stateOf(path);
      if (this.#verified.get(path) !== state) {
        if ((await hashOfFile(path)) !== sha256) {
          await this.#remove(path);
          return false;
        }
        this.#trust(path, state);
      }
      await this.#noteUse(path);
      return true;
    } catch (error) {
      // Never fetched, or another process has just deleted it.
      if (isCode(error, 'ENOENT')) return false;
      throw error;
    }
  }

  #trust(path: string, state: string): void {
    if (this.#verified.size >= MAX_VERIFIED) this.#verified.clear();
    this.#verified.set(path, state);
  }

  /** By the time of the last access, which all processes see. The time of the change stays: it shows that the file does. */
  async #noteUse(path: string): Promise<void> {
    const { atimeMs, mtime } = await stat(path);
    if (Date.now() - atimeMs > NOTE_EVERY_MS) await utimes(path, new Date(), mtime);
  }

  async #makeRoom(added: number): Promise<void> {
    this.#added += added;
    if (this.#added < this.#limit / SHARE) return;
    this.#added = 0;
    await this.#tidy(this.#limit);
  }

  /** @param limit in bytes @returns how many copies it has deleted */
  async #tidy(limit: number): Promise<number> {
    const now = Date.now();
    const copies: { path: string; size: number; usedMs: number }[] = [];
    for (const name of await listFolder(this.#folder)) {
      const path = join(this.#folder, name);
      const found = await stat(path).catch(() => undefined);
      if (!found) continue;
      if (IN_PROGRESS.test(name) && found.mtimeMs < now - ABANDONED_MS) await this.#remove(path);
      if (COPY.test(name)) copies.push({ path, size: found.size, usedMs: found.atimeMs });
    }
    let total = copies.reduce((sum, { size }) => sum + size, 0);
    let deleted = 0;
    for (const { path, size, usedMs } of copies.toSorted((one, other) => one.usedMs - other.usedMs)) {
      if (usedMs >= now - UNUSED_MS && (total <= limit || usedMs >= now - IN_USE_MS)) break;
      await this.#remove(path);
      total -= size;
      deleted += 1;
    }
    return deleted;
  }

  async #remove(path: string): Promise<void> {
    this.#verified.delete(path);
    try {
      await unlink(path);
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }
}

/** In hexadecimal digits. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path, { highWaterMark: HASHED_AT_ONCE }))
    hash.update(bytes as Buffer);
  return hash.digest('hex');
}

/** The last name of a key. */
function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function isFull(error: unknown): boolean {
  return isCode(error, 'ENOSPC') || isCode(error, 'EDQUOT');
}

function inMegabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

async function stateOf(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path);
  return `${ino} ${size} ${Math.floor(mtimeMs)}`;
}
