import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { z } from 'zod';
import type { OperationResult } from '../ports/mailchimp';
import { arrayObjects, MalformedArray } from './json-array';

/** Bytes. A reply to 500 rows has about 1.6 MB, and at most twice that as a string in JSON. */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;

/** Far above the results of a batch of 50 chunks: a file that does not end must not fill the memory. */
const MAX_ARCHIVE_BYTES = 1024 * 1024 * 1024;
const MAX_RESULTS = 10_000;

const ResultSchema = z.object({
  status_code: z.int(),
  operation_id: z.string().nullable().default(null),
  // JSON in a string. An object is accepted as well, in case Mailchimp drops the wrapping.
  response: z
    .unknown()
    .optional()
    .transform((value) => (typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value))),
});

/**
 * Yields the results in the gzipped tar of a batch, one at a time. The tar has a directory entry first, then one or more files with a JSON
 * array each, some of them empty. Reads only a few buffers ahead of the caller.
 *
 * @param idleMs milliseconds to wait for more data
 * @param maxBytes bytes that the archive may unpack to
 * @throws an error of zlib, the tar reader or the connection when the archive is not complete; MalformedArray also for an archive that
 *   unpacks to more than `maxBytes`, and for more than 10,000 results
 */
export async function* readArchive(
  packed: Readable,
  idleMs: number,
  maxBytes = MAX_ARCHIVE_BYTES,
): AsyncGenerator<OperationResult> {
  const entries = extract();
  const unpacking = pipeline(packed, createGunzip(), (bytes) => upTo(maxBytes, bytes), entries);
  let results = 0;
  // Its failure ends the loop below as well; without a handler it would be an unhandled rejection until then.
  unpacking.catch(() => {});
  const giveUp = () => packed.destroy(new Error('no more data in time'));
  try {
    for await (const entry of withIdleLimit(entries, { idleMs, giveUp })) {
      if (entry.header.type !== 'file') {
        entry.resume();
        continue;
      }
      const bytes = entry as AsyncIterable<Uint8Array>;
      for await (const result of arrayObjects(withIdleLimit(bytes, { idleMs, giveUp }), MAX_RESULT_BYTES)) {
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

/** Limits the unpacked size: a few kilobytes can unpack to many gigabytes. */
async function* upTo(maxBytes: number, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const block of bytes) {
    length += block.length;
    if (length > maxBytes) throw new MalformedArray(`the archive has over ${maxBytes} bytes`);
    yield block;
  }
}

function parseResult(input: unknown): OperationResult {
  const result = ResultSchema.safeParse(input);
  if (!result.success) throw new MalformedArray('a result has no status or an invalid one');
  const { status_code: status, operation_id: operationId, response } = result.data;
  return { operationId, status, response };
}

/** Calls `giveUp` when the next item does not arrive within `idleMs`. The time that the caller spends on an item does not count. */
async function* withIdleLimit<T>(
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
