import type { FieldMatch } from '../../contract/merge-field';
import type { Remains } from '../../contract/undo';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { hashColumn, type PlannedTag } from '../store/documents';
import { createMasks } from './baseline-table';
import type { UndoneExport } from './restored';
import { noTags } from './tag-masks';

// An undo is planned as an export of the profiles that the export before had, with what the baseline before says of each; then all that the
// export which is taken back has not touched is left out.

/**
 * Creates the tables `before`: the contacts of the baseline before that were sent, with the mask of their tags; `after`: those that the export left,
 * narrow; `touched`: the addresses that the export has changes for, and whether it took them for new. Leaves of the profiles those that were sent before, with the tags that they had then.
 */
export async function keepSentBefore(
  database: Database,
  { undone, tags }: { readonly undone: UndoneExport; readonly tags: readonly PlannedTag[] },
): Promise<void> {
  const { before, after, changes, plan } = undone;
  const archives = plan.plan.parts.find(({ kind }) => kind === 'archive')?.firstChunk;
  const isArchive = archives === undefined ? 'false' : `chunk >= ${archives}`;
  await database.run(`
    CREATE TABLE touched AS
      SELECT address, bool_or(tag IS NULL AND NOT ${isArchive}) AS is_sent, bool_or(NOT known) AS was_new FROM read_parquet(${quoteText(changes)}) GROUP BY address`);
  await createContacts(database, { name: 'after', from: after, tags });
  await createContacts(database, { name: 'before', from: before, tags });
  await database.run(`
    CREATE TABLE kept_profile AS SELECT p.* REPLACE (b.mask AS mask) FROM profile p JOIN before b ON b.address = p.address;
    DROP TABLE profile;
    ALTER TABLE kept_profile RENAME TO profile;
    INSERT INTO segment_mask SELECT NULL, mask FROM (SELECT DISTINCT mask FROM before WHERE mask IS NOT NULL)`);
}

interface Side {
  readonly name: 'before' | 'after';
  readonly from: UndoneExport['before'] | UndoneExport['after'];
  readonly tags: readonly PlannedTag[];
}

async function createContacts(database: Database, { name, from, tags }: Side): Promise<void> {
  if (!from) {
    await database.run(
      `CREATE TABLE ${name} (address VARCHAR, mask BIT, list INTEGER, created BOOLEAN, member BOOLEAN, is_archived BOOLEAN);
      CREATE TABLE ${name}_list (list INTEGER, tags INTEGER[], mask BIT)`,
    );
    return;
  }
  const rows = `read_parquet(${quoteText(from.rows)})`;
  await createMasks(database, { name: `${name}_mask`, from: rows }, tags);
  const origins = from.hasOrigins
    ? 'coalesce(b.created, false) AS created, b.member, b.archived_at IS NOT NULL AS is_archived'
    : 'false AS created, b.member, false AS is_archived';
  await database.run(`
    CREATE TABLE ${name}_list AS
      SELECT row_number() OVER ()::INTEGER AS list, tags, mask FROM (SELECT DISTINCT tags FROM ${rows}) LEFT JOIN ${name}_mask USING (tags);
    CREATE TABLE ${name} AS
      SELECT b.address, l.mask, l.list, ${origins} FROM ${rows} b LEFT JOIN ${name}_list l ON l.tags = b.tags
      WHERE b.state IS NOT NULL`);
}

/** Leaves of the table `contact` what takes the export back, and counts what cannot be. Needs `keepSentBefore`. */
export async function leaveUndo(
  database: Database,
  {
    undone,
    tags,
    fields,
  }: {
    readonly undone: UndoneExport;
    readonly tags: readonly PlannedTag[];
    readonly fields: readonly FieldMatch[];
  },
): Promise<Remains> {
  await createValues(database, undone, fields);
  await createUndoing(database, tags);
  await replaceContacts(database, tags);
  return countRemains(database, tags);
}

/**
 * Creates the table `undoing`: of each contact, what the export has done to it, and what it had before. One join at a time, since each holds a
 * million addresses in memory.
 */
async function createUndoing(database: Database, tags: readonly PlannedTag[]): Promise<void> {
  await database.run(`
    CREATE TABLE undoing AS
      SELECT c.id, c.address, b.address IS NOT NULL AS is_before, coalesce(b.member, false) AS was_member, coalesce(b.created, false) AS was_created,
        coalesce(b.mask, ${noTags(tags)}) AS had, coalesce(b.is_archived, false) AS was_archived
      FROM contact c LEFT JOIN before b ON b.address = c.address`);
  await database.run(`
    CREATE OR REPLACE TABLE undoing AS
      SELECT u.*, t.address IS NOT NULL AS is_touched, coalesce(t.is_sent, false) AS is_sent, coalesce(t.was_new, false) AS was_new
      FROM undoing u LEFT JOIN touched t ON t.address = u.address`);
  await database.run(`
    CREATE OR REPLACE TABLE undoing AS
      SELECT u.* EXCLUDE (address, was_new, was_archived),
        (NOT is_before AND was_new AND coalesce(a.created, false)) OR (was_archived AND coalesce(NOT a.is_archived, false)) AS is_archivable
      FROM undoing u LEFT JOIN after a ON a.address = u.address`);
  await database.run(`
    CREATE OR REPLACE TABLE undoing AS
      SELECT u.*, coalesce(v.is_sendable, true) AS is_sendable FROM undoing u LEFT JOIN value_before v ON v.id = u.id`);
}

/** Writes the table `contact` again: an update of all its rows would hold both versions of them in memory. */
async function replaceContacts(database: Database, tags: readonly PlannedTag[]): Promise<void> {
  const none = noTags(tags);
  await database.run(`
    CREATE TABLE undone_contact AS
      SELECT * EXCLUDE (is_before, is_touched) REPLACE (
        CASE WHEN NOT upsert AND NOT archive AND lost = ${none} AND (decided IS NULL OR (decided = 'removed' AND (is_before OR NOT is_touched)))
          THEN 'unchanged' ELSE decided END AS decided)
      FROM (SELECT c.* REPLACE (
          c.upsert AND u.is_touched AND u.is_sendable AS upsert,
          c.archive AND u.is_touched AND u.is_archivable AS archive,
          CASE WHEN u.is_touched AND NOT u.is_before THEN CASE WHEN c.archive AND NOT u.is_archivable THEN 'not_created' ELSE c.not_archived END END AS not_archived,
          CASE WHEN c.upsert AND u.is_touched AND u.is_sendable THEN c.gained ELSE ${none} END AS gained,
          CASE WHEN u.is_touched THEN c.lost & ~u.had ELSE ${none} END AS lost,
          c.known OR u.was_member AS known,
          c.uncertain AND NOT u.was_member AS uncertain,
          u.was_created AS was_created), u.is_before, u.is_touched
        FROM contact c JOIN undoing u ON u.id = c.id);
    DROP TABLE contact;
    ALTER TABLE undone_contact RENAME TO contact`);
}

/** A million rows of these are about 100 MB. */
const FIELDS_AT_ONCE = 6;

/** The fields in groups; without any, one that is empty. */
function groupsOf(fields: readonly FieldMatch[]): readonly (readonly FieldMatch[])[] {
  const groups = Math.max(1, Math.ceil(fields.length / FIELDS_AT_ONCE));
  return Array.from({ length: groups }, (_, group) =>
    fields.slice(group * FIELDS_AT_ONCE, (group + 1) * FIELDS_AT_ONCE),
  );
}

/**
 * Creates the table `value_before`, for each profile of a touched contact: whether its values are those that the baseline before has
 * (`is_before`), whether they are other ones now (`is_changed`), and whether sending them sets no field to anything else (`is_sendable`): the profile may have been refused then.
 */
async function createValues(
  database: Database,
  { before }: UndoneExport,
  fields: readonly FieldMatch[],
): Promise<void> {
  await database.run(
    'CREATE TABLE value_before (id INTEGER, is_before BOOLEAN, is_changed BOOLEAN, is_sendable BOOLEAN)',
  );
  if (!before) return;
  const rows = `read_parquet(${quoteText(before.rows)}, file_row_number = true)`;
  // One join at a time, and some fields at a time: each join holds the hashes of one side in memory.
  await database.run(
    'CREATE TABLE touched_seen AS SELECT id, b, address FROM seen SEMI JOIN touched USING (address) WHERE n IS NOT NULL',
  );
  await database.run(`
    CREATE TABLE value_row AS SELECT s.id, s.b, w.file_row_number AS w FROM touched_seen s JOIN ${rows} w ON w.address = s.address;
    DROP TABLE touched_seen`);
  for (const group of groupsOf(fields)) {
    const hashes = group.map((match) => ({ match, hash: quoteName(hashColumn(match)) }));
    const were = hashes.map(({ match, hash }) =>
      before.fields.includes(match.field.tag) ? `w.${hash}` : `NULL::UBIGINT AS ${hash}`,
    );
    const all = hashes.map(({ hash }) => hash);
    await database.run(`
      CREATE OR REPLACE TABLE value_was AS SELECT ${['v.id', 'v.b', ...were].join(', ')} FROM value_row v JOIN ${rows} w ON w.file_row_number = v.w`);
    const isChanged = all.map((hash) => `n.${hash} IS DISTINCT FROM w.${hash}`);
    await database.run(`
      CREATE OR REPLACE TABLE value_now AS
        SELECT ${['w.id', `${['false', ...isChanged].join(' OR ')} AS is_changed`, ...all.map((hash) => `w.${hash}`), ...all.map((hash, place) => `n.${hash} AS now_${place}`)].join(', ')}
        FROM value_was w LEFT JOIN baseline n ON n.b = w.b`);
    const isBefore = all.map((hash) => `s.${hash} IS NOT DISTINCT FROM v.${hash}`);
    const isSendable = all.map(
      (hash, place) =>
        `(s.${hash} IS NOT DISTINCT FROM v.${hash} OR s.${hash} IS NOT DISTINCT FROM v.now_${place})`,
    );
    await database.run(`
      INSERT INTO value_before
      SELECT v.id, ${['true', ...isBefore].join(' AND ')}, v.is_changed, ${['true', ...isSendable].join(' AND ')}
      FROM value_now v JOIN seen s ON s.id = v.id`);
  }
  await database.run(`
    CREATE OR REPLACE TABLE value_before AS
    SELECT id, bool_and(is_before) AS is_before, bool_or(is_changed) AS is_changed, bool_and(is_sendable) AS is_sendable FROM value_before GROUP BY id`);
}

/**
 * What the export has done for good does not depend on what became of it since, so a second undo counts the same, although a contact that the first one has
 * archived needs no change any longer, and is none of its contacts.
 */
async function countRemains(database: Database, tags: readonly PlannedTag[]): Promise<Remains> {
  return database.row<Remains>(`
    WITH tagged AS (SELECT n.list AS after, w.list AS before, len(list_filter(n.tags, lambda tag: NOT list_contains(coalesce(w.tags, []), tag))) > 0 AS is_tagged
      FROM after_list n CROSS JOIN (SELECT list, tags FROM before_list UNION ALL SELECT NULL, NULL) w),
    gone AS (SELECT t.is_sent, a.created AND t.was_new AS created, b.address IS NOT NULL AS is_before, coalesce(g.is_tagged, false) AS is_tagged
      FROM touched t JOIN after a ON a.address = t.address LEFT JOIN before b ON b.address = t.address
      LEFT JOIN tagged g ON g.after = a.list AND g.before IS NOT DISTINCT FROM b.list)
    SELECT (SELECT count(*) FROM gone WHERE is_sent AND NOT created AND NOT is_before) AS overwritten,
      (SELECT count(*) FROM value_before WHERE is_changed AND NOT is_before)
        + (SELECT count(*) FROM undoing JOIN contact USING (id) WHERE is_touched AND is_before AND NOT selected AND (is_sent OR (had & ~owned) <> (had & ~had)))
        + (SELECT count(*) FROM (SELECT t.address, t.is_sent, b.mask FROM touched t JOIN before b ON b.address = t.address) g
           ANTI JOIN contact c ON c.address = g.address WHERE g.is_sent OR g.mask <> ${noTags(tags)}) AS forgotten,
      (SELECT count(*) FROM gone WHERE is_tagged OR (created AND NOT is_before)) AS reached`);
}
