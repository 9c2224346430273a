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

/** Forgets as the job does, which nothing else runs beside. */
export async function forgetAs(
  staging: Staging,
  { id, ref }: { readonly id: string; readonly ref: ExportRef },
) {
  await staging.claim(ref);
  const step = { ref, id, accountId: ACCOUNT };
  const found = await staging.findForgotten(step);
  return { found, forgotten: await staging.forget(step) };
}
