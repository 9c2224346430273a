import { createHash } from 'node:crypto';
import type { SegmentSource, VersionRequest } from '../../ports/source';

/** A version is cheap. A source that does not answer must keep neither an export waiting, nor the other destinations of a refresh. */
const LONGEST_MS = 10_000;

/**
 * The version of a source, as a hash: a source of the host may put anything into it, and it crosses Temporal. Undefined: not known, also where
 * it takes longer than ten seconds. So is an error, which shows when the source is read.
 */
export async function sourceVersion(
  source: Pick<SegmentSource, 'version'>,
  { signal: stopped, ...request }: VersionRequest,
): Promise<string | undefined> {
  const late = AbortSignal.timeout(LONGEST_MS);
  const signal = stopped ? AbortSignal.any([stopped, late]) : late;
  try {
    const version = await Promise.race([source.version?.({ ...request, signal }), aborted(signal)]);
    return version === undefined
      ? undefined
      : createHash('sha256').update(version).digest('hex').slice(0, 32);
  } catch {
    return undefined;
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
