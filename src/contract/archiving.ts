import { z } from 'zod';

/** What becomes of contacts that are in no segment any longer, or whose destination is removed. */
const LEAVERS = ['untag', 'archive', 'keep'] as const;
export const LeaversSchema = z.enum(LEAVERS);
/** `untag`: they lose our tags. `archive`: they are archived as well, where that is safe. `keep`: they keep our tags. @useDeclaredType */
export type Leavers = (typeof LEAVERS)[number];

/** Why a contact lost our tags, but was not archived. */
export const NOT_ARCHIVED = [
  // By the baseline and the lists that the export has read
  'not_created',
  'opted_out',
  // By the member, read just before
  'pending',
  'foreign_tags',
  'already_archived',
  'not_in_audience',
  'refused_by_mailchimp',
] as const;
/** Why a contact was not archived. @useDeclaredType */
export type NotArchived = (typeof NOT_ARCHIVED)[number];

/** A member as Mailchimp has it now. */
export interface PresentMember {
  readonly status: string;
  /** All of them. */
  readonly tags: readonly unknown[];
}

/**
 * The conditions under which we archive a contact that we provably created, by the member, read just before and after our tags were removed: it is
 * subscribed or transactional, and carries no tag. An opt-out would be hidden in the archive; a tag that is left shows that others use the contact.
 *
 * @param member undefined: the audience has no such member
 * @returns undefined: it may be archived
 */
export function whyNotArchived(member: PresentMember | undefined): NotArchived | undefined {
  if (!member) return 'not_in_audience';
  const { status, tags } = member;
  if (status === 'archived') return 'already_archived';
  if (status === 'pending') return 'pending';
  // Whatever else there may be in the future counts as an opt-out.
  if (status !== 'subscribed' && status !== 'transactional') return 'opted_out';
  return tags.length === 0 ? undefined : 'foreign_tags';
}
