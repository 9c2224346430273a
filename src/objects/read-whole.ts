import type { Readable } from 'node:stream';
import type { ObjectHead, Purpose } from './object-store';
import { unavailable } from './store-error';

/** So often a connection may be lost within a body before the whole request is repeated later. */
const TRIES = 3;
/** Without a byte for so long, a connection is lost. */
const SILENCE_MS = 60_000;

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
  const silence = setTimeout(() => stream.destroy(new Error('silence')), SILENCE_MS);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) {
      silence.refresh();
      chunks.push(chunk as Buffer);
    }
  } finally {
    clearTimeout(silence);
  }
  return Buffer.concat(chunks);
}
