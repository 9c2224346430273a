import type { ExportRef } from '../../src/contract/identifiers';
import type { ForgetRequest, Staging } from '../../src/ports/staging';

/** Of Mailchimp. */
export const ACCOUNT = 'account';

export function requestFor(
  person: ForgetRequest['person'],
  more: Partial<ForgetRequest> = {},
): ForgetRequest {
  return { person, mailchimp: 'keep', keepOut: false, by: 'Kim', ...more };
}

interface Forgetting {
  /** Of the request. */
  readonly id: string;
  readonly ref: ExportRef;
  /** Export with the baseline of the destination. Default: the latest one. */
  readonly current?: string;
}

/** Forgets as the job does, which nothing else runs beside. */
export async function forgetAs(staging: Staging, { id, ref, current }: Forgetting) {
  await staging.claim(ref);
  const known = current ?? (await staging.latestBaseline(ref.destinationId))?.exportId ?? null;
  const { baseline, givenUp } = await staging.settleEarlier(ref, known, { givesUp: true });
  const step = { ref, id, accountId: ACCOUNT, baseline };
  const found = await staging.findForgotten(step);
  return { found, forgotten: await staging.forget(step), givenUp };
}
