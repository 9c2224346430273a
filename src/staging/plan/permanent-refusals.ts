import { rememberedClasses, type RejectPolicies } from '../../contract/reject-policy';
import { rowClassesWhere, withheldClassesWhere } from '../../contract/row-class';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import type { Lift } from '../store/lifts';

/** SQL: classes of refusals that are remembered as long as the row does not change, in a list. */
export function remembered(policies: RejectPolicies | undefined): string {
  return list(rememberedClasses(policies).map(({ name }) => name));
}

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

/** SQL: when a row that was refused as `refused_class` is sent again although it is the same; null: never. */
export function retryAt(policies: RejectPolicies | undefined): string {
  const cases = rememberedClasses(policies).flatMap(({ name, afterDays }) =>
    afterDays === undefined
      ? []
      : `WHEN ${quoteText(name)} THEN refused_at + INTERVAL ${quoteText(`${afterDays} days`)}`,
  );
  return cases.length === 0 ? 'NULL::TIMESTAMP' : `CASE refused_class ${cases.join(' ')} END`;
}

/** SQL: whether a user may lift the refusal in a row of a baseline: all but the wait of a throttled address. */
export const IS_LIFTABLE = `coalesce(refused_class NOT IN (${BACKED_OFF}), false)`;

/** SQL: whether a user has lifted the refusal in a row of a baseline. */
export function isLifted(lifts: readonly Lift[]): string {
  const conditions = lifts.map(({ until, classes, keys }) =>
    [
      `refused_at <= TIMESTAMP ${quoteText(until)}`,
      ...(classes ? [`list_contains(${quoteTexts(classes)}::VARCHAR[], refused_class)`] : []),
      ...(keys ? [`list_has_any(keys, ${quoteTexts(keys)}::VARCHAR[])`] : []),
    ].join(' AND '),
  );
  return conditions.length === 0
    ? 'false'
    : `coalesce(${IS_LIFTABLE} AND (${conditions.map((one) => `(${one})`).join(' OR ')}), false)`;
}

function list(classes: readonly string[]): string {
  return classes.map(quoteText).join(', ');
}
