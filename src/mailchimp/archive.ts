import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { z } from 'zod';
import type { OperationResult } from '../ports/mailchimp';
import { arrayObjects, MalformedArray } from './json-array';

/** A reply to 500 rows has about 1.6 MB, and twice that as a string in JSON at the very most. */
const MAX_RESULT = 64 * 1024 * 1024;

/** Far beyond what a batch of ours can be answered with; a file that goes on and on must end somewhere. */
const MAX_ARCHIVE = 1024 * 1024 * 1024;
const MAX_RESULTS = 10_000;

const ResultSchema = z.object({
  status_code: z.int(),
  operation_id: z.string().nullable().default(null),
  // JSON in a string; an object is taken too, in case Mailchimp should ever drop the wrapping.
  response: z
    .unknown()
    .optional()
    .transform((value) => (typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value))),
});

/**
 * The results in a batch's gzipped tar, one at a time: a directory entry first, then one or more files with a JSON array each,
 * some of them empty. Nothing is read ahead of the caller but a few buffers.
 *
 * @throws whatever says that the archive is not whole: of zlib, of the tar reader, of the connection, MalformedArray (also for
 *   more than 1 GiB, unpacked, or 10,000 results)
 */
export async function* readArchive(
  packed: Readable,
  idleMs: number,
  largest = MAX_ARCHIVE,
): AsyncGenerator<OperationResult> {
  const entries = extract();
  const unpacking = pipeline(packed, createGunzip(), (bytes) => upTo(largest, bytes), entries);
  let results = 0;
  // Its failure also ends the loop below; this keeps it from being nobody's in the moment between.
  unpacking.catch(() => {});
  const giveUp = () => packed.destroy(new Error('no more data in time'));
  try {
    for await (const entry of withRetry(entries, { idleMs, giveUp })) {
      if (entry.header.type !== 'file') {
        entry.resume();
        continue;
      }
      const bytes = entry as AsyncIterable<Uint8Array>;
      for await (const result of arrayObjects(withRetry(bytes, { idleMs, giveUp }), MAX_RESULT)) {
        results += 1;
        if (results > MAX_RESULTS) throw new MalformedArray(`there are over ${MAX_RESULTS} results`);
        yield parseResult(result);
      }
    }
    await unpacking;
  } finally {
    packed.destroy();
  }
}

/** A few kilobytes can unpack to any number of gigabytes. */
async function* upTo(largest: number, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const block of bytes) {
    length += block.length;
    if (length > largest) throw new MalformedArray(`the archive has over ${largest} bytes`);
    yield block;
  }
}

function parseResult(input: unknown): OperationResult {
  const result = ResultSchema.safeParse(input);
  if (!result.success) throw new MalformedArray('a result has no status or a wrong one');
  const { status_code: status, operation_id: operationId, response } = result.data;
  return { operationId, status, response };
}

/** Gives up when the next item does not come in time. The time between, in which the caller works, does not count. */
async function* withRetry<T>(
  source: AsyncIterable<T>,
  { idleMs, giveUp }: { readonly idleMs: number; readonly giveUp: () => unknown },
): AsyncGenerator<T> {
  let timer = setTimeout(giveUp, idleMs);
  try {
    for await (const item of source) {
      clearTimeout(timer);
      yield item;
      timer = setTimeout(giveUp, idleMs);
    }
  } finally {
    clearTimeout(timer);
  }
}
