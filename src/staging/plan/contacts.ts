import type { FieldMatch } from '../../contract/merge-field';
import { OPTED_OUT_STATUSES } from '../../contract/outcome';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { hashColumn, type PlannedTag } from '../store/documents';
import type { PlanRequest } from '../../ports/staging';
import { isStillOurs, OPTED_OUT } from './baseline-table';
import { BACKED_OFF, OBJECTED } from './permanent-refusals';
import { createSuppressed } from './suppressed';
import { noTags } from './tag-masks';
import { DOES_NOT_FIT, stableHash } from './wire-values';

// One big join a statement: DuckDB keeps the tables of all joins of a statement in memory at once, and the memory limit allows for one
// of a million rows. The hashes of the fields, of which there may be eighty, take part in one join only, and stay in the table `seen`.

export interface ContactsInput {
  readonly request: Pick<PlanRequest, 'fields' | 'statusIfNew' | 'keepDeparted' | 'optedOut' | 'leavers'>;
  readonly tags: readonly PlannedTag[];
  /** Merge field tags that the baseline has a column for. */
  readonly knownFields: readonly string[];
  /** The census was taken by this export: its statuses are the present ones. */
  readonly isCensusFresh: boolean;
  /** Path of this export's census, or of its list of opt-outs. */
  readonly listed: string;
  /** The suppression lists. */
  readonly suppressions: Parameters<typeof createSuppressed>[1];
}

/**
 * Creates the table `contact`: a row for each valid address of the snapshot and each that departs, with what it needs. `decided` is an
 * outcome that is known before anything is sent; `upsert` and a `lost` mask with bits are what is to be sent. `id` is the winner's `n`; those of
 * departed addresses come after all `n`. `archive`: it departs, and is archived once it is untagged; `not_archived`: why not. The hashes of its fields are in the table `seen`, by `id`.
 */
export async function createContacts(database: Database, input: ContactsInput): Promise<void> {
  const { fields } = input.request;
  await database.run(`CREATE TABLE seen AS ${seenQuery(fields)}`);
  await database.run(
    `CREATE TABLE listed AS SELECT s.id, o.status, ${isStillOurs('s.archived_at', 'o')} AS is_ours FROM seen s JOIN opt_out o ON o.address = s.address;
     CREATE VIEW opted_out AS SELECT id, status FROM listed WHERE NOT is_ours`,
  );
  await createSuppressed(database, input.suppressions, input.listed);
  await database.run(`CREATE TABLE moved AS ${movedQuery(input.request)}`);
  await database.run(`CREATE TABLE refused_again AS ${refusedQuery(fields)}`);
  await database.run(`CREATE TABLE contact AS ${contactQuery(input, comparedQuery(input))}`);
}

/**
 * SQL: the old addresses of profiles that have another one now, by the number of the winner at the new one; `departs`: no other profile
 * has the old address; `objects`: the contact wants no mail, since the old address has opted out or was refused by Mailchimp for that.
 */
function movedQuery({ statusIfNew }: ContactsInput['request']): string {
  return `
  SELECT coalesce(d.winner, p.n) AS n, m.b, m.departs, m.objects
  FROM (
    SELECT s.b, s.address, s.present AND s.n IS NULL AS departs, unnest(b.keys) AS key, o.id IS NOT NULL OR r.b IS NOT NULL AS objects
    FROM seen s JOIN baseline b ON b.b = s.b
    LEFT JOIN (SELECT id FROM opted_out WHERE ${isChosen('status', statusIfNew)}) o ON o.id = s.id
    LEFT JOIN (SELECT b FROM refusal WHERE class IN (${OBJECTED})) r ON r.b = s.b
    WHERE s.n IS NULL OR o.id IS NOT NULL OR r.b IS NOT NULL) m
  JOIN profile p ON p.key = m.key AND p.address <> m.address LEFT JOIN duplicate d ON d.n = p.n
  WHERE p.rule IS NULL`;
}

/** SQL: whether the contact chose to opt out. A status that exports give to new contacts need not be a choice. */
function isChosen(status: string, statusIfNew: string): string {
  return `${status} <> ${quoteText(statusIfNew)}`;
}

/** SQL: a hash of what is sent for an address, to recognise it after a refusal. `ids`: the ids of the wanted tags. */
export function payloadHash(fields: readonly FieldMatch[], ids: string, from = ''): string {
  const parts = fields.map((match) => `coalesce(${from}${quoteName(hashColumn(match))}::VARCHAR, '-')`);
  return stableHash(`concat_ws('|', ${[...parts, `${ids}::VARCHAR`].join(', ')})`);
}

/**
 * SQL: each winner with its row of the baseline, and the rows that depart. `cleared` has a digit for each field, 1 where an export has filled it
 * and the attribute is empty now: an empty text is sent to clear it. Null: nothing is cleared.
 */
function seenQuery(fields: readonly FieldMatch[]): string {
  const hashes = fields.map((match) => {
    const column = quoteName(hashColumn(match));
    // The field keeps what it has when a value does not fit, and when it is empty and configured so.
    const isLeft = `p.${column} = ${DOES_NOT_FIT}${match.empty === 'keep' ? ` OR p.${column} IS NULL` : ''}`;
    return { column, was: `b.${column}`, is: `CASE WHEN ${isLeft} THEN b.${column} ELSE p.${column} END` };
  });
  const differs = hashes.map(({ was, is }) => `${is} IS DISTINCT FROM ${was}`);
  const clears = hashes.map(({ was, is }) => `(${is} IS NULL AND ${was} IS NOT NULL)`);
  const digits = clears.map((isCleared) => `${isCleared}::INTEGER::VARCHAR`);
  return `
    SELECT ${[
      // Above all numbers of profiles, of which an undo leaves some out.
      'coalesce(p.n, (SELECT coalesce(max(n) + 1, 0) FROM profile) + b.b)::INTEGER AS id',
      'p.n',
      'b.b',
      'coalesce(p.address, b.address) AS address',
      'p.size',
      'coalesce(p.may_add, true) AS may_add',
      'p.mask AS wanted',
      'b.owned',
      'b.state',
      'b.member',
      'b.present',
      'b.status AS last_status',
      'coalesce(b.created, false) AS created',
      'b.archived_at',
      `${['false', ...differs].join(' OR ')} AS differs`,
      `CASE WHEN ${['false', ...clears].join(' OR ')} THEN ${digits.join(' || ') || 'NULL'} END AS cleared`,
      ...hashes.map(({ column, is }) => `${is} AS ${column}`),
    ].join(', ')}
    FROM (
      SELECT p.* REPLACE (coalesce(g.mask, p.mask) AS mask)
      FROM profile p ANTI JOIN duplicate USING (n) LEFT JOIN gathered g USING (n) WHERE rule IS NULL) p
    FULL JOIN baseline b ON b.address = p.address`;
}

/** SQL: the addresses whose row is remembered as refused, and has not changed or must wait. */
function refusedQuery(fields: readonly FieldMatch[]): string {
  return `
    SELECT s.id, r.outcome, r.class, r.text, r.since
    FROM seen s JOIN refusal r ON r.b = s.b LEFT JOIN mask k ON k.mask = s.wanted
    WHERE NOT r.is_retried AND (r.class IN (${BACKED_OFF}) OR r.hash = ${payloadHash(fields, 'k.ids', 's.')})`;
}

/** SQL: the last known status; null if that was an opt-out, since the list of opt-outs decides about these. */
const LAST_STATUS = `CASE WHEN coalesce(s.last_status, c.status) NOT IN (${OPTED_OUT}) THEN coalesce(s.last_status, c.status) END`;

/** SQL: each address with what it wants, what it has, and the difference. */
function comparedQuery({ request, tags, knownFields, isCensusFresh }: ContactsInput): string {
  const { fields, statusIfNew, keepDeparted, leavers = 'untag' } = request;
  const none = noTags(tags);
  const lost =
    leavers === 'keep'
      ? `CASE WHEN selected OR is_suppressed THEN owned & ~wanted & ~kept ELSE ${none} END`
      : 'owned & ~wanted & ~kept';
  const hashes = fields.map((match) => quoteName(hashColumn(match))).join(', ');
  const isNewField = fields.some(({ field }) => !knownFields.includes(field.tag));
  return `
    SELECT * EXCLUDE (state, member, present, last_status, others, kept),
      owned | (wanted & ~others) AS ours,
      CASE WHEN state = 'exposed' THEN wanted & ~others ELSE wanted & ~others & ~owned END AS gained,
      ${keepDeparted ? none : lost} AS lost,
      ${isCensusFresh ? 'false' : "NOT known AND coalesce(state = 'exposed', false)"} AS uncertain,
      selected AND (state IS DISTINCT FROM 'proven' OR gained <> ${none} OR differs OR ${isNewField}) AS needs_upsert
    FROM (
      SELECT s.* ${hashes === '' ? '' : `EXCLUDE (${hashes})`} REPLACE (CASE WHEN x.id IS NULL THEN coalesce(s.wanted, ${none}) ELSE ${none} END AS wanted, coalesce(s.owned, ${none}) AS owned, CASE WHEN y.is_ours THEN s.archived_at END AS archived_at),
        x.id IS NOT NULL AS is_suppressed, s.n IS NOT NULL AS selected, c.address IS NOT NULL OR o.id IS NOT NULL OR coalesce(s.member, false) AS known,
        CASE WHEN y.is_ours THEN 'archived' ELSE coalesce(o.status, ${isCensusFresh ? 'c.status' : LAST_STATUS}) END AS status,
        coalesce(o.status = 'archived', false) AS is_archived, coalesce(${isChosen('o.status', statusIfNew)}, false) AS is_opted_out,
        coalesce(c.carried, ${none}) & ~coalesce(s.owned, ${none}) AS others, CASE WHEN x.id IS NULL THEN coalesce(i.mask, ${none}) ELSE ${none} END AS kept, i.address IS NOT NULL AS is_invalid
      FROM seen s LEFT JOIN census c ON c.address = s.address LEFT JOIN opted_out o ON o.id = s.id LEFT JOIN (SELECT id, is_ours FROM listed WHERE is_ours) y ON y.id = s.id LEFT JOIN kept i ON i.address = s.address
      LEFT JOIN suppressed x ON x.id = s.id
      WHERE s.n IS NOT NULL OR (s.present AND (i.address IS NULL OR x.id IS NOT NULL)))`;
}

/** SQL: each address with the outcome that is already decided. */
function contactQuery({ request, tags }: ContactsInput, compared: string): string {
  const { statusIfNew, keepDeparted, optedOut, leavers = 'untag' } = request;
  const isArchiving = leavers === 'archive' && !keepDeparted;
  const staysTagged = keepDeparted || leavers === 'keep';
  const none = noTags(tags);
  return `
    SELECT *, false AS was_created, CASE WHEN may_archive AND NOT archive AND decided IS NULL THEN CASE WHEN NOT created THEN 'not_created' WHEN status = 'archived' THEN 'already_archived' ELSE 'opted_out' END END AS not_archived
    FROM (SELECT * EXCLUDE (is_archived, is_suppressed, is_invalid, may_add, is_refused, withheld, needs_upsert, outcome, class, text, since)
      REPLACE (CASE WHEN upsert THEN gained ELSE ${none} END AS gained,
        CASE WHEN withheld = 'archived' THEN ${none} ELSE lost END AS lost),
      CASE WHEN withheld IS NOT NULL THEN 'suppressed'
        WHEN is_refused THEN outcome
        WHEN upsert OR archive OR lost <> ${none} THEN NULL
        WHEN selected OR ${staysTagged} THEN 'unchanged'
        ELSE 'removed' END AS decided,
      coalesce(withheld, CASE WHEN is_refused THEN class END) AS class,
      CASE WHEN is_refused AND withheld IS NULL THEN text END AS text,
      CASE WHEN is_refused AND withheld IS NULL THEN since END AS since
    FROM (SELECT *, needs_upsert AND withheld IS NULL AND NOT is_refused AS upsert, ${isArchiving} AND NOT selected AND NOT is_invalid AND withheld IS NULL AS may_archive,
      ${isArchiving} AND NOT selected AND NOT is_invalid AND withheld IS NULL AND created AND NOT coalesce(status IN (${OPTED_OUT}), false) AS archive
      FROM (SELECT c.*, r.outcome, r.class, r.text, r.since,
          CASE WHEN is_archived AND (selected OR lost <> ${none}) THEN 'archived'
            WHEN selected AND is_suppressed THEN 'suppression_list'
            WHEN needs_upsert AND ${optedOut === 'skip'} AND c.status IN (${OPTED_OUT_STATUSES.map(quoteText).join(', ')}) AND ${isChosen('c.status', statusIfNew)} THEN 'opted_out'
            WHEN needs_upsert AND m.n IS NOT NULL AND NOT (known AND coalesce(c.status = 'subscribed', false)) THEN 'opted_out_elsewhere'
            WHEN needs_upsert AND (NOT known OR (c.status = 'archived' AND NOT is_archived)) AND NOT may_add THEN 'not_allowed'
            END AS withheld,
          needs_upsert AND r.id IS NOT NULL AS is_refused
        FROM (${compared}) c LEFT JOIN refused_again r ON r.id = c.id
        LEFT JOIN (SELECT DISTINCT n FROM moved WHERE objects) m ON m.n = c.n)))`;
}
