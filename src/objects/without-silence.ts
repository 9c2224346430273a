import type { Readable } from 'node:stream';

/** Without a byte for so long, a connection is lost. */
const SILENCE_MS = 60_000;

/** The bytes of a body. Fails when none comes for a minute: a connection that was ends unnoticed would be waited for without end. */
export async function* withoutSilence(stream: Readable): AsyncGenerator<Buffer> {
  const silence = setTimeout(() => stream.destroy(new Error('silence')), SILENCE_MS);
  try {
    for await (const chunk of stream) {
      silence.refresh();
      yield chunk as Buffer;
    }
  } finally {
    clearTimeout(silence);
  }
}
