import type { ExportRef } from '../contract/identifiers';
import type { CensusSummary } from '../contract/plan';
import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';

/** Mailchimp caps a page at 1000 silently. */
const PAGE = 1_000;

export interface TakeCensusInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
}

/** Reads who is in the audience, page by page, into staging. A retry goes on after the last sealed page. */
export function createTakeCensus({ staging, openAccount }: ActivityDependencies) {
  return async function takeCensus(
    input: TakeCensusInput,
  ): Promise<CensusSummary & { readonly requests: number }> {
    return withHeartbeat((pulse) =>
      duringExport(async () => {
        const { ref, audienceId } = input;
        const account = await openAccount(input.account);
        let total = Number.POSITIVE_INFINITY;
        for (let offset = 0; offset < total; offset += PAGE) {
          pulse.throwIfCancelled();
          if (await staging.hasCensusPage(ref, offset)) continue;
          const page = await account.censusPage(audienceId, offset);
          total = page.totalItems;
          await staging.sealCensusPage(ref, offset, page.rows);
          pulse.tell({ members: Math.min(offset + PAGE, total), of: total });
        }
        return { ...(await staging.sealCensus(ref)), requests: account.requests() };
      }),
    );
  };
}
