import { quoteText } from '../../duckdb/quote';

/** Classes of refusals that stay true until what is sent changes. All others are tried again by the next export. */
const PERMANENT_CLASSES = [
  'fake',
  'address_invalid',
  'address_blank',
  'compliance',
  'forgotten',
  'cleaned',
  'merge_field',
  'sms',
  'schema',
];

/** SQL: those classes, in a list. */
export const PERMANENT = PERMANENT_CLASSES.map(quoteText).join(', ');

/** SQL: classes that tell that the person wants no mail, whichever address they have. */
export const OBJECTED = ['compliance', 'forgotten'].map(quoteText).join(', ');

/** What a throttled address waits before it is tried again: the first, second, third, and every later time. */
export const WAITS = ['5 minutes', '1 day', '2 days', '7 days'];
