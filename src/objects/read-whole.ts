import type { Readable } from 'node:stream';
import type { ObjectHead, Purpose } from './object-store';
import { unavailable } from './store-error';
import { withoutSilence } from './without-silence';

/** So often a connection may be lost within a body before the whole request is repeated later. */
const TRIES = 3;

interface Opened {
  readonly head: ObjectHead;
  readonly stream: Readable;
}

/** Reads an object into memory. @param open asks for it; undefined: there is none */
export async function readWhole(
  { store, purpose }: { readonly store: string; readonly purpose: Purpose },
  open: () => Promise<Opened | undefined>,
): Promise<{ readonly head: ObjectHead; readonly bytes: Buffer } | undefined> {
  for (let left = TRIES; ; left -= 1) {
    const opened = await open();
    if (!opened) return undefined;
    const { head, stream } = opened;
    try {
      return { head, bytes: await bytesOf(stream) };
    } catch {
      // Its text may have an address with a signature.
      if (left === 1) throw unavailable(store, 'connection lost', purpose);
    } finally {
      stream.destroy();
    }
  }
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of withoutSilence(stream)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
