import type { OperationResult } from '../ports/mailchimp';
import { ExportError } from '../errors';
import { readArchive } from './archive';
import { resultsPlace } from './batches';
import type { Connection } from './connection';
import { DownloadRefused, openUrl, resultsUrl } from './download';

/** Tries at a download that the storage host refuses, each with a new URL: a signed one expires after ten minutes. */
const REFUSED_DOWNLOADS = 3;
/** Tries at an archive that is incomplete or malformed: after the second one it is taken to be stored like that. */
const BROKEN_DOWNLOADS = 2;

/**
 * Yields the results of a finished batch, one operation at a time, in any order. A failed download starts again with a new URL and skips
 * the operation ids that were already yielded, so each operation comes once, unless it has no id.
 *
 * Throws after it has yielded every readable result. The caller then sends the chunks without a result again.
 *
 * @throws ExportError MAILCHIMP_UNAVAILABLE, with details `class`: `results_broken` (the archive was incomplete twice), `results_refused`
 *   (the storage host refused the URL three times), `results_missing` (no usable URL), `results_not_ready`, `results_gone`
 */
export async function* batchResults(
  connection: Connection,
  batchId: string,
): AsyncGenerator<OperationResult> {
  const yielded = new Set<string>();
  const failed = { refused: 0, broken: 0 };
  for (;;) {
    const url = await freshUrl(connection, batchId);
    try {
      connection.count();
      const { timeoutMs, signal } = connection;
      const archive = readArchive(await openUrl(url, timeoutMs, signal), timeoutMs);
      for await (const result of archive) {
        if (result.operationId !== null) {
          if (yielded.has(result.operationId)) continue;
          yielded.add(result.operationId);
        }
        yield result;
      }
      return;
    } catch (error) {
      const kind = error instanceof DownloadRefused ? 'refused' : 'broken';
      failed[kind] += 1;
      if (failed.refused < REFUSED_DOWNLOADS && failed.broken < BROKEN_DOWNLOADS) continue;
      throw unreadable(batchId, {
        class: `results_${kind}`,
        // Not the error's own text: it can contain the signed URL, or pieces of the file, which are contacts.
        what: error instanceof DownloadRefused ? error.message : 'the archive is incomplete or malformed',
      });
    }
  }
}

async function freshUrl(connection: Connection, batchId: string): Promise<URL> {
  const place = await resultsPlace(connection, batchId);
  if (!place) {
    throw unreadable(batchId, { class: 'results_gone', what: 'Mailchimp no longer has the batch' });
  }
  if (place.status !== 'finished') {
    throw unreadable(batchId, { class: 'results_not_ready', what: `the batch is ${place.status}` });
  }
  if (place.url === '') {
    throw unreadable(batchId, { class: 'results_missing', what: 'Mailchimp returned no URL for them' });
  }
  const url = resultsUrl(place.url, connection.baseUrl);
  if (!url)
    throw unreadable(batchId, {
      class: 'results_missing',
      what: 'their URL is neither https nor the host of the API',
    });
  return url;
}

function unreadable(
  batchId: string,
  { class: name, what }: { readonly class: string; readonly what: string },
): ExportError {
  return new ExportError(
    'MAILCHIMP_UNAVAILABLE',
    `Could not read the results of batch ${batchId}: ${what}. Chunks without a result are sent again directly.`,
    { details: { batch: batchId, class: name } },
  );
}
