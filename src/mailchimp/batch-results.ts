import type { OperationResult } from '../ports/mailchimp';
import { ExportError } from '../errors';
import { readArchive } from './archive';
import { resultsPlace } from './batches';
import type { Connection } from './connection';
import { NotHandedOut, openUrl, resultsUrl } from './download';

/** Each with a fresh URL: a signed one expires after ten minutes, and a slow reader may have needed longer. */
const REFUSED_DOWNLOADS = 3;
/** An archive that breaks off twice is taken to be stored like that. */
const BROKEN_DOWNLOADS = 2;

/**
 * Results of a finished batch, one operation at a time, in any order. A download that fails is begun again with a fresh URL,
 * and what was handed on already (by operation id) is left out; so each operation comes once, unless it has no id.
 *
 * An archive that is twice broken, a URL that is refused again and again, an empty URL, a batch that is not finished, and one
 * that is gone, end it with an error after everything readable was handed on. The caller mends chunks without a result.
 *
 * @throws ExportError MAILCHIMP_UNAVAILABLE, with details `class`: `results_broken`, `results_refused`, `results_missing`,
 *   `results_not_ready`, `results_gone`
 */
export async function* batchResults(
  connection: Connection,
  batchId: string,
): AsyncGenerator<OperationResult> {
  const handedOn = new Set<string>();
  const failed = { refused: 0, broken: 0 };
  for (;;) {
    const url = await freshUrl(connection, batchId);
    try {
      connection.count();
      const archive = readArchive(await openUrl(url, connection.timeoutMs), connection.timeoutMs);
      for await (const result of archive) {
        if (result.operationId !== null) {
          if (handedOn.has(result.operationId)) continue;
          handedOn.add(result.operationId);
        }
        yield result;
      }
      return;
    } catch (error) {
      const kind = error instanceof NotHandedOut ? 'refused' : 'broken';
      failed[kind] += 1;
      if (failed.refused < REFUSED_DOWNLOADS && failed.broken < BROKEN_DOWNLOADS) continue;
      throw unreadable(batchId, {
        class: `results_${kind}`,
        // The error's own text may hold the URL, which is signed, or pieces of the file, which are people.
        what: error instanceof NotHandedOut ? error.message : 'the archive breaks off or is malformed',
      });
    }
  }
}

async function freshUrl(connection: Connection, batchId: string): Promise<URL> {
  const place = await resultsPlace(connection, batchId);
  if (!place) {
    throw unreadable(batchId, { class: 'results_gone', what: 'Mailchimp does not know the batch any more' });
  }
  if (place.status !== 'finished') {
    throw unreadable(batchId, { class: 'results_not_ready', what: `the batch is ${place.status}` });
  }
  if (place.url === '') {
    throw unreadable(batchId, { class: 'results_missing', what: 'Mailchimp gives no URL for them' });
  }
  const url = resultsUrl(place.url, connection.baseUrl);
  if (!url) throw unreadable(batchId, { class: 'results_missing', what: 'their URL is not one of the web' });
  return url;
}

function unreadable(
  batchId: string,
  { class: name, what }: { readonly class: string; readonly what: string },
): ExportError {
  return new ExportError(
    'MAILCHIMP_UNAVAILABLE',
    `Could not read the results of batch ${batchId}: ${what}. Its chunks without a result have to be sent again.`,
    { details: { batch: batchId, class: name } },
  );
}
