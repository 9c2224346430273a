import { join } from 'node:path';
import type { FieldMatch } from '../../contract/merge-field';
import type { RejectPolicies } from '../../contract/reject-policy';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { BASELINE_ROWS, hashColumn, type PlannedTag } from '../store/documents';
import {
  type BaselineFile,
  createReturned,
  isStillOurs,
  optOutsIn,
  originsOf,
  stateOf,
} from '../plan/baseline-table';
import { payloadHash } from '../plan/contacts';
import { snapshotProfiles } from '../plan/profiles';
import { BACKED_OFF, OBJECTED, OPTED_OUT_ITSELF, remembered, WAITS } from '../plan/permanent-refusals';
import { nameOfRank, rank } from './row-results';
import { createMaskNames, noTags } from '../plan/tag-masks';

interface Parent extends BaselineFile {
  /** Ids of tags that were deleted in Mailchimp since. */
  readonly deadTags: readonly number[];
}

interface NextBaselineInput {
  readonly snapshot: string;
  readonly fields: readonly FieldMatch[];
  readonly tags: readonly PlannedTag[];
  readonly parent: Parent | undefined;
  /** Path of the list of opt-outs of this export, or of its census. */
  readonly listed: string;
  readonly keepDeparted: boolean;
  /** Whether the plan has changes to send. */
  readonly isAnythingPlanned: boolean;
  readonly settledAt: string;
  readonly rejects: RejectPolicies | undefined;
  readonly into: string;
}

const REFUSED = [
  'refused_hash',
  'refused_outcome',
  'refused_class',
  'refused_text',
  'refused_at',
  'refused_count',
  'refused_until',
];

/**
 * Writes `baseline.parquet`, a row for each address that was sent, refused or withheld. One that has departed stays only while it carries a tag
 * of ours, a refusal is remembered, we have archived it, or it has opted out, since a new address of its profile is then withheld too:
 * - `address` VARCHAR, normalised; `keys` VARCHAR[] of its profiles, the winner's first. An address that has opted out also keeps
 *   the keys of its former profiles, last: their new addresses get nothing
 * - `f_<TAG>` UBIGINT for each matched field: hash of the value that an export filled it with; null: no export has
 * - `tags` INTEGER[]: ids of tags that exports of this destination have added; `status` VARCHAR as last seen
 * - `state` VARCHAR: `proven` (acknowledged), `exposed` (sent, no proof), null (never sent); an untag changes neither this nor
 *   `member`, since an address that its reply does not list may not be in the audience
 * - `member` BOOLEAN: acknowledged once, or found by a census. A row that was never more than exposed is still new: its
 *   acknowledgement counts as created
 * - `present` BOOLEAN: whether it departs when no profile has the address
 * - `created` BOOLEAN: an export has provably created the contact, and no list of opt-outs has had it since; `archived_at` TIMESTAMP: the time,
 *   by Mailchimp, of our last change of one that an export has archived, as long as each list since has it with this time: it comes back when
 *   a profile has the address again. Version 0.4.0 kept the later time at which the export was settled
 * - `refused_hash` UBIGINT of what was refused, `refused_outcome`, `refused_class`, `refused_text` VARCHAR, `refused_at` TIMESTAMP,
 *   `refused_count` INTEGER, `refused_until` TIMESTAMP (null: not tried again as long as it stays the same)
 */
export async function writeNextBaseline(database: Database, input: NextBaselineInput): Promise<void> {
  const { snapshot, parent, tags, listed, into } = input;
  const facts = ['status', 'state', 'member', 'present', ...REFUSED];
  const hashes = hashColumns(input);
  const columns = [
    ...hashes.map((column) => `w.${column}`),
    ...facts.map((column) => `w.${column}`),
    `w.created AND (o.address IS NULL OR ${isStillOurs('w.archived_at', 'o')}) AS created`,
    `CASE WHEN ${isStillOurs('w.archived_at', 'o')} THEN w.archived_at END AS archived_at`,
  ].join(', ');
  const newColumns = [
    ...hashes.map((column) => `${hashAfter(column)} AS ${column}`),
    ...facts.map((column) => `next.${column}`),
    // Of someone who has opted out since, it no longer counts that we created the contact.
    `next.created AND (o.address IS NULL OR next.is_archived OR ${isStillOurs('next.was_archived_at', 'o')}) AS created`,
    `CASE WHEN next.is_archived OR ${isStillOurs('next.was_archived_at', 'o')} THEN next.archived_at END AS archived_at`,
  ].join(', ');
  const profiles = snapshotProfiles(snapshot);
  // Named in the hashes of what was sent.
  const sent = `SELECT DISTINCT wanted FROM contact ${input.isAnythingPlanned ? '' : 'WHERE false'}`;
  await createMaskNames(database, `SELECT wanted::BIT AS mask FROM (${sent})`);
  await database.run(`CREATE TABLE payload AS ${payloadQuery(input)}`);
  await database.run(`CREATE TABLE next AS ${nextQuery(input)}`);
  await createMaskNames(database, 'SELECT DISTINCT mask FROM next');
  await database.run(`
    CREATE VIEW opted_out AS ${optOutsIn(listed)};
    CREATE TABLE fresh AS
    SELECT p.b, list_concat([s.key], p.duplicates) AS keys, p.is_opted_out
    FROM contact p JOIN ${profiles} s ON s.n = p.n WHERE p.b IS NOT NULL`);
  await database.run(`
    COPY (
      SELECT next.address, CASE WHEN s.key IS NULL THEN former ELSE ${joinKeys('list_concat([s.key], duplicates)', 'CASE WHEN objects THEN former END')} END AS keys,
        coalesce(m.ids, []::INTEGER[]) AS tags, ${newColumns}
      FROM next LEFT JOIN mask m ON m.mask = next.mask LEFT JOIN ${profiles} s ON s.n = next.n
      LEFT JOIN (SELECT ${['id', ...hashes].join(', ')} FROM contact) p ON p.id = next.id
      LEFT JOIN (SELECT ${['b', ...hashes].join(', ')} FROM parent) w ON w.b = next.b
      LEFT JOIN opted_out o ON o.address = next.address
      WHERE next.refused_hash IS NOT NULL OR is_withheld
        OR (next.state IS NOT NULL AND (next.present OR next.n IS NOT NULL OR next.mask <> ${noTags(tags)} OR next.archived_at IS NOT NULL OR o.address IS NOT NULL))
      UNION ALL
      SELECT w.address, CASE WHEN f.b IS NULL THEN w.keys ELSE ${joinKeys('f.keys', `CASE WHEN f.is_opted_out OR ${hasObjected('w')} THEN w.keys END`)} END, ${liveTags(parent?.deadTags ?? [])}, ${columns}
      FROM parent w LEFT JOIN fresh f ON f.b = w.b LEFT JOIN opted_out o ON o.address = w.address ANTI JOIN next ON next.b = w.b
      WHERE w.present OR len(${liveTags(parent?.deadTags ?? [])}) > 0 OR w.refused_hash IS NOT NULL OR w.state IS NULL OR f.b IS NOT NULL OR o.address IS NOT NULL
    ) TO ${quoteText(join(into, BASELINE_ROWS))} (${COMPACT_ROWS})`);
}

/** SQL: a list of keys, and the keys of another list that are not in it. */
function joinKeys(keys: string, former: string): string {
  return `list_concat(${keys}, list_filter(${former}, lambda key: NOT list_contains(${keys}, key)))`;
}

/** SQL: whether Mailchimp refused a row of the baseline since the contact wants no mail. */
function hasObjected(row: string): string {
  return `coalesce(${row}.refused_class IN (${OBJECTED}), false)`;
}

/** SQL: the row's tags without those that no longer exist. */
function liveTags(dead: readonly number[]): string {
  return dead.length === 0 ? 'tags' : `list_filter(tags, tag -> tag NOT IN (${dead.join(', ')}))`;
}

function hashColumns({ fields }: Pick<NextBaselineInput, 'fields'>): string[] {
  return fields.map((match) => quoteName(hashColumn(match)));
}

/** Makes the view `parent`: the baseline that the plan was made against, with the columns of today's fields. */
export async function createParent(
  database: Database,
  input: Pick<NextBaselineInput, 'fields' | 'parent' | 'listed'>,
): Promise<void> {
  const { parent, fields } = input;
  if (!parent) {
    const hashes = hashColumns(input).map((column) => `, NULL::UBIGINT AS ${column}`);
    await database.run(`CREATE VIEW parent AS
      SELECT NULL::INTEGER AS b, NULL::VARCHAR AS address, NULL::VARCHAR[] AS keys, NULL::INTEGER[] AS tags, NULL::VARCHAR AS status,
        NULL::VARCHAR AS state, false AS member, false AS present, NULL::UBIGINT AS refused_hash, NULL::VARCHAR AS refused_outcome,
        NULL::VARCHAR AS refused_class, NULL::VARCHAR AS refused_text, NULL::TIMESTAMP AS refused_at,
        NULL::INTEGER AS refused_count, NULL::TIMESTAMP AS refused_until, false AS created, NULL::TIMESTAMP AS archived_at ${hashes.join('')}
      WHERE false`);
    return;
  }
  const hashes = fields.map((match) => {
    const column = quoteName(hashColumn(match));
    return parent.fields.includes(match.field.tag) ? column : `NULL::UBIGINT AS ${column}`;
  });
  await createReturned(database, { rows: parent.rows, listed: input.listed });
  const columns = ['address', 'keys', 'tags', 'status', 'member', 'present', ...hashes];
  const refused = REFUSED.map((column) => `CASE WHEN r.b IS NULL THEN ${column} END AS ${column}`);
  await database.run(`CREATE VIEW parent AS
    SELECT file_row_number::INTEGER AS b, ${stateOf('p', 'r.b')} AS state, ${[...columns, ...refused, originsOf(parent, 'p', 'r.b')].join(', ')}
    FROM read_parquet(${quoteText(parent.rows)}, file_row_number = true) p LEFT JOIN returned r ON r.b = p.file_row_number`);
}

/** SQL: each contact of the plan that something was sent for, or that has left with nothing to remove, as it is known now. */
function nextQuery(input: NextBaselineInput): string {
  const { tags, keepDeparted, settledAt } = input;
  const none = noTags(tags);
  return `
    SELECT id, n, b, address, is_archived, mask, duplicates, is_acknowledged, is_unproven, was.keys AS former, objects, is_withheld, state,
      coalesce(echoed, was.status) AS status,
      known OR is_acknowledged OR coalesce(was.member, false) AS member,
      CASE WHEN selected THEN is_acknowledged OR is_unproven OR coalesce(was.present, false)
        ELSE ${keepDeparted} OR mask <> ${none} OR is_exposed OR is_archive_open END AS present,
      was.archived_at AS was_archived_at,
      coalesce(was.created, false) OR (is_acknowledged AND was_created) OR (is_acknowledged AND is_new AND NOT known AND NOT uncertain) AS created,
      CASE WHEN is_archived AND archive_why IS NULL THEN coalesce(changed_at, TIMESTAMP ${quoteText(settledAt)})
        WHEN NOT is_acknowledged THEN was.archived_at
        WHEN echoed = 'archived' AND was.archived_at IS NOT NULL THEN coalesce(changed_at, was.archived_at) END AS archived_at,
      CASE WHEN is_refused THEN payload WHEN NOT is_acknowledged THEN was.refused_hash END AS refused_hash,
      CASE WHEN is_refused THEN ${nameOfRank('upsert_rank')} WHEN NOT is_acknowledged THEN was.refused_outcome END AS refused_outcome,
      CASE WHEN is_refused THEN why.class WHEN NOT is_acknowledged THEN was.refused_class END AS refused_class,
      CASE WHEN is_refused THEN why.text WHEN NOT is_acknowledged THEN was.refused_text END AS refused_text,
      CASE WHEN is_refused THEN TIMESTAMP ${quoteText(settledAt)} WHEN NOT is_acknowledged THEN was.refused_at END AS refused_at,
      CASE WHEN is_refused THEN times WHEN NOT is_acknowledged THEN was.refused_count END AS refused_count,
      CASE WHEN is_refused THEN CASE WHEN is_backed_off THEN TIMESTAMP ${quoteText(settledAt)} + ${waitSql()} END
        WHEN NOT is_acknowledged THEN was.refused_until END AS refused_until
    FROM (SELECT *,
        1 + CASE WHEN was.refused_hash = payload OR (was.refused_class IN (${BACKED_OFF}) AND is_backed_off)
          THEN was.refused_count ELSE 0 END AS times,
        CASE WHEN is_exposed THEN 'exposed' WHEN is_acknowledged THEN 'proven' ELSE was.state END AS state
      FROM (${factsQuery(input)}))`;
}

/** SQL: withheld, by the plan or in mid-export, because the address itself has opted out: kept, so that a new address of the profile is withheld too. */
const IS_WITHHELD = `coalesce(p.class IN (${OPTED_OUT_ITSELF}) OR (coalesce(p.class, t.upsert_why.class) = 'suppression_list' AND p.is_opted_out) OR t.upsert_why.class IN (${OPTED_OUT_ITSELF}), false)`;

/** SQL: whether that is the result of the upsert. */
function is(name: Parameters<typeof rank>[0]): string {
  return `coalesce(t.upsert = ${rank(name)}, false)`;
}

/** SQL: whether the upsert was refused with one of the classes. */
function hasClass(classes: string): string {
  return `coalesce(t.upsert > ${rank('not_sent')} AND t.upsert < ${rank('unproven')} AND t.upsert_why.class IN (${classes}), false)`;
}

/** SQL: hashes of what was refused, by contact. */
function payloadQuery({ fields }: NextBaselineInput): string {
  return `
    SELECT p.id, ${payloadHash(fields, 'k.ids', 'p.')} AS hash
    FROM contact p SEMI JOIN (SELECT id FROM contact_result WHERE upsert > ${rank('not_sent')} AND upsert < ${rank('unproven')}) USING (id)
    LEFT JOIN mask k ON k.mask = p.wanted::BIT`;
}

/** SQL: the hash of a field after the export, `p` being the contact in the plan and `w` its row in the parent. */
function hashAfter(column: string): string {
  return `CASE WHEN next.is_acknowledged THEN p.${column}
    WHEN next.is_unproven THEN coalesce(p.${column}, w.${column}) ELSE w.${column} END`;
}

function factsQuery(input: NextBaselineInput): string {
  const none = noTags(input.tags);
  const hashes = hashColumns(input).join(', ');
  return `
    SELECT p.id, p.n, p.b, p.address, p.selected, p.known, p.uncertain, p.duplicates, coalesce(p.was_created, false) AS was_created,
      coalesce(t.is_new, false) AS is_new, coalesce(t.is_archived, false) AS is_archived, coalesce(t.is_archive_open, false) AS is_archive_open, t.archive_why, t.changed_at,
      w AS was, t.status AS echoed, t.upsert_why AS why, t.upsert AS upsert_rank,
      ${is('acknowledged')} AS is_acknowledged, ${is('unproven')} AS is_unproven,
      ${hasClass(remembered(input.rejects))} OR ${hasClass(BACKED_OFF)} AS is_refused, ${hasClass(BACKED_OFF)} AS is_backed_off,
      coalesce(t.is_exposed, false) AS is_exposed, p.is_opted_out OR ${hasObjected('w')} AS objects, ${IS_WITHHELD} AS is_withheld,
      y.hash AS payload,
      CASE WHEN ${is('acknowledged')} OR ${is('unproven')} THEN p.ours::BIT ELSE p.owned::BIT END & ~coalesce(t.off, ${none}) AS mask
    FROM contact p LEFT JOIN contact_result t USING (id) LEFT JOIN (SELECT * ${hashes === '' ? '' : `EXCLUDE (${hashes})`} FROM parent) w ON w.b = p.b LEFT JOIN payload y ON y.id = p.id
    WHERE t.id IS NOT NULL OR p.decided = 'removed' OR (p.b IS NULL AND ${IS_WITHHELD})`;
}

/** SQL: the wait after a refusal for the `times`-th time. */
function waitSql(): string {
  return `[${WAITS.map((wait) => `INTERVAL ${quoteText(wait)}`).join(', ')}][least(times, ${WAITS.length})]`;
}
