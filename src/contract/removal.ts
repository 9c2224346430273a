import { z } from 'zod';

const EXPORTED = ['untag', 'archive', 'keep'] as const;

/** What becomes of exported contacts when their destination is removed. */
export const RemovalSchema = z.strictObject({
  exported: z
    .enum(EXPORTED)
    .describe(
      '`untag`: exported contacts lose our tags. `archive`: those that we provably created, and that are subscribed or transactional and carry no tag of others, are archived as well. `keep`: they stay as they are, where the destination wants a second person to approve its removal.',
    ),
  by: z.string().trim().min(1).max(200).describe('Name of the user who removes it; kept in the history.'),
  contacts: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Contacts that may lose their tags, as the user has seen their number; if there are more, it is held. Default: each removal is held for approval.',
    ),
});
/** A removal that begins with an export of nothing: all contacts depart. */
export type Removal = z.output<typeof RemovalSchema>;
