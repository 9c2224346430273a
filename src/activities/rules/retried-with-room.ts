import { ExportError } from '../../errors';
import type { Staging } from '../../ports/staging';

/**
 * Runs a step. Where the disk is full, and the store had copies there that no step reads, the failure becomes one that Temporal retries: the next
 * attempt has their room. Not tried again here, since a step may have consumed what it was given.
 * @throws ExportError STAGING_FAILED, or what the step throws
 */
export async function retriedWithRoom<Result>(
  staging: Pick<Staging, 'makeRoom'>,
  step: () => Promise<Result>,
): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof ExportError) || error.code !== 'DISK_FULL') throw error;
    const hasRoom = await staging.makeRoom().catch(() => false);
    if (!hasRoom) throw error;
    throw new ExportError(
      'STAGING_FAILED',
      'The disk of the local staging folder was full. Copies of objects that nothing asked for in the last half hour were deleted, and the step is retried.',
      { cause: error },
    );
  }
}
