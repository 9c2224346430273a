import { createHash } from 'node:crypto';
import { addAbortSignal } from 'node:stream';
import { ExportError } from '../errors';
import type { ObjectStore, Purpose, StoredObject } from './object-store';
import { unavailable } from './store-error';
import { withoutSilence } from './without-silence';

/** So often in a row a connection may be lost without a byte before all is tried again later, */
const TRIES = 4;
/** and so often in all. */
const MAX_READS = 100;

export interface ReadOptions {
  /** For messages. */
  readonly address: string;
  readonly purpose: Purpose;
  readonly signal: AbortSignal;
}

/**
 * All bytes of an object. A connection that is lost is replaced by one that goes on at the same byte, of the same ETag; length and hash are
 * compared at the end.
 *
 * @throws ExportError as `ObjectStore.read`
 */
export async function* readObject(
  store: ObjectStore,
  object: StoredObject,
  { address, purpose, signal }: ReadOptions,
): AsyncGenerator<Buffer> {
  const hash = createHash('md5');
  let received = 0;
  let left = TRIES;
  for (let reads = 1; ; reads += 1) {
    const before = received;
    const body = await store.read(object, { from: received, signal });
    try {
      for await (const chunk of withoutSilence(addAbortSignal(signal, body.stream))) {
        received += chunk.length;
        hash.update(chunk);
        yield chunk;
      }
      // Its own checksum was compared. Bytes of an unpacked one cannot be counted.
      if (body.isUnpacked) return;
      if (received >= object.size) break;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ExportError) throw error;
      if (body.isUnpacked) throw unavailable(address, 'connection lost', purpose);
      // The client compared its checksum.
      if (received >= object.size) throw unavailable(address, 'damaged content', purpose);
    } finally {
      body.stream.destroy();
    }
    left = received > before ? TRIES : left - 1;
    if (left === 0 || reads === MAX_READS) throw unavailable(address, 'connection lost', purpose);
  }
  if (received !== object.size || (object.md5 && !object.md5.equals(hash.digest())))
    throw unavailable(address, 'damaged content', purpose);
}
