import type { ExportRef } from '../../src/contract/identifiers';
import type { FieldMatch } from '../../src/contract/merge-field';
import { CENSUS_LISTINGS, type CensusRow } from '../../src/contract/plan';
import type { MemberReading, VerifyRequest } from '../../src/ports/staging';
import { FIRST_NAME, type Exported, type Stage } from './stage';

export interface Verifying {
  /** As single readings find it. Default: as the pages had it. */
  readonly alone?: readonly CensusRow[];
  readonly fields?: readonly FieldMatch[];
  readonly repair?: boolean;
  readonly tags?: VerifyRequest['tags'];
}

interface VerifyInput extends Verifying {
  readonly audience: readonly CensusRow[];
  readonly tags: VerifyRequest['tags'];
}

/** Verifies as the job does, with single readings of what is given. */
export async function verifyAudience(stage: Stage, after: Exported, input: VerifyInput) {
  const { repair = false } = input;
  const { ref, request, suspects, pages } = await readAudience(stage, after, input);
  const verification = await stage.staging.sealDrift(ref, { ...request, repair });
  return { ref, suspects, pages, verification };
}

/** A verification until it has read the suspects, and not what it has found. */
export async function readAudience(
  { staging, newExport }: Stage,
  after: Exported,
  { audience, alone = audience, fields = [FIRST_NAME], tags }: VerifyInput,
) {
  const ref = newExport();
  await staging.claim(ref);
  for (const listing of CENSUS_LISTINGS.full) {
    const rows = audience.filter(({ status }) => (status === 'archived') === (listing === 'archived'));
    await staging.sealCensusPage(ref, { listing, offset: 0 }, rows);
  }
  const request = {
    baseline: after.ref.exportId,
    tags,
    ours: [11, 12],
    fields: fields.map(({ field }) => field),
  };
  const { suspects } = await staging.findSuspects(ref, request);
  const pages = await readAlone({ staging }, ref, alone);
  return { ref, request, suspects, pages };
}

/** A reading finds every field different that is asked for, where the member is given. */
async function readAlone(
  { staging }: Pick<Stage, 'staging'>,
  ref: ExportRef,
  audience: readonly CensusRow[],
): Promise<number> {
  for (let page = 0; ; page++) {
    const suspects = await staging.readSuspects(ref, page);
    if (suspects.length === 0) return page;
    const readings = suspects.map(({ n, email, differing }): MemberReading => {
      const found = audience.find((row) => row.email === email);
      if (!found) return { n, status: null, fields: [], carried: [] };
      return { n, status: found.status, fields: differing, carried: found.tags };
    });
    await staging.sealReadings(ref, page, readings);
  }
}
