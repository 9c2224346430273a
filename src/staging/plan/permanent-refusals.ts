import { rowClassesWhere, withheldClassesWhere } from '../../contract/row-class';
import { quoteText } from '../../duckdb/quote';

/** SQL: classes of refusals that are permanent as long as the row does not change, in a list. */
export const PERMANENT = list(rowClassesWhere(({ memory }) => memory === 'permanent'));

/** SQL: classes of refusals after which the address waits, whatever there is to send, in a list. */
export const BACKED_OFF = list(rowClassesWhere(({ memory }) => memory === 'backOff'));

/** SQL: classes of contacts that want no mail, at any address, in a list. */
export const OBJECTED = list(rowClassesWhere(({ isObjection }) => isObjection === true));

/** SQL: classes of contacts that are no longer in the audience, in a list. */
export const DELETED = list(rowClassesWhere(({ isDeleted }) => isDeleted === true));

/** SQL: classes of contacts that are withheld because their own address has opted out, in a list. */
export const OPTED_OUT_ITSELF = list(withheldClassesWhere(({ isOwnOptOut }) => isOwnOptOut));

/** Waits of a backed-off address: after the first, second, third, and every later refusal. */
export const WAITS = ['5 minutes', '1 day', '2 days', '7 days'];

function list(classes: readonly string[]): string {
  return classes.map(quoteText).join(', ');
}
