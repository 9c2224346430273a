import { createHash } from 'node:crypto';
import type { SegmentSource, VersionRequest } from '../../ports/source';

/**
 * The version of a source, as a hash: a source of the host may put anything into it, and it crosses Temporal. Undefined: not known. So is an
 * error, which shows when the source is read.
 */
export async function sourceVersion(
  source: Pick<SegmentSource, 'version'>,
  request: VersionRequest,
): Promise<string | undefined> {
  try {
    const version = await source.version?.(request);
    return version === undefined
      ? undefined
      : createHash('sha256').update(version).digest('hex').slice(0, 32);
  } catch {
    return undefined;
  }
}
