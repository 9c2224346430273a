import type { ExportRef } from '../contract/identifiers';
import type { Tag } from '../ports/mailchimp';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';

export interface RenameTagsInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  /** Mailchimp's ids of the tags, with their new names. */
  readonly tags: readonly Tag[];
}

/**
 * Renames tags in Mailchimp; the members that carry them keep them. A retry changes nothing.
 * @throws ExportError TAG_TAKEN when another tag of the audience has the name
 */
export function createRenameTags(dependencies: ActivityDependencies) {
  return async function renameTags(input: RenameTagsInput): Promise<{ readonly requests: number }> {
    return exportStep(dependencies, input, async ({ openAccount }) => {
      const account = await openAccount();
      for (const tag of input.tags) await account.renameTag(input.audienceId, tag);
      return { requests: account.requests() };
    });
  };
}
