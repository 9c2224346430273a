import type { ExportRef } from '../contract/identifiers';
import type { Tag } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';
import { stillOurs } from './still-ours';

export interface RenameTagsInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  /** By Mailchimp's ids, with the names they are to have. */
  readonly tags: readonly Tag[];
}

/** Gives tags their new names; whoever carries them stays as they are. Repeated, it changes nothing. @throws ExportError TAG_TAKEN */
export function createRenameTags({ staging, openAccount }: ActivityDependencies) {
  return async function renameTags(input: RenameTagsInput): Promise<{ readonly requests: number }> {
    return withHeartbeat((pulse) =>
      duringExport(async () => {
        const account = await openAccount(input.account, stillOurs(staging, input.ref, pulse));
        for (const tag of input.tags) await account.renameTag(input.audienceId, tag);
        return { requests: account.requests() };
      }),
    );
  };
}
