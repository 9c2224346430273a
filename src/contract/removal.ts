import { z } from 'zod';
import { PersonNameSchema } from './second-person';

const EXPORTED = ['untag', 'archive', 'keep'] as const;

/** What becomes of exported contacts when their destination is removed. */
export const RemovalSchema = z.strictObject({
  exported: z
    .enum(EXPORTED)
    .describe(
      '`untag`: exported contacts lose our tags. `archive`: those that we provably created, and that are subscribed or transactional and carry no tag of others, are archived as well. `keep`: they stay as they are, where the destination wants a second person to approve its removal.',
    ),
  by: PersonNameSchema.describe('Name of the user who removes it; kept in the history.'),
  contacts: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Contacts that may lose their tags, as the user has seen their number; if there are more, it is held. Default: 0, so each removal of a contact is held.',
    ),
});
/** A removal that begins with an export of nothing: all contacts depart. */
export type Removal = z.output<typeof RemovalSchema>;
