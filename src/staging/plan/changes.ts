import { join } from 'node:path';
import type { Database } from '../../duckdb/database';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { quoteText } from '../../duckdb/quote';
import { CHANGES, type PlannedTag } from '../store/documents';
import { BYTES_OF_PART, type ChunkSize, ROWS_OF_ARCHIVE_CHUNK, ROWS_OF_CANARY, ROWS_OF_CHUNK } from './parts';
import { createCanaries, createSpares } from './canaries';
import type { PlanCounts } from './counts';
import { createMaskNames, noTags } from './tag-masks';

/** A batch's body is JSON that contains the requests as JSON texts: quotes grow. */
const ESCAPED = 1.2;
/** Around a row: the names of its members, quotes and `status_if_new`. */
const BYTES_AROUND_ROW = 130;

/** SQL: bytes of a contact's row in a batch's body. */
function rowBytes(bytesOfNames: string): string {
  return `(${ESCAPED} * (strlen(address) + size + coalesce(${bytesOfNames}, 0)) + ${BYTES_AROUND_ROW})`;
}

/** SQL: with `k` as its row of `mask`. */
const ROW_BYTES = rowBytes('strlen(k.names)');

/** Contacts beyond the first `limit` with changes, by key, wait for another export. */
export async function cutAtLimit(
  database: Database,
  { limit, tags }: { limit: number; tags: readonly PlannedTag[] },
): Promise<void> {
  const none = noTags(tags);
  await database.run(`
    UPDATE contact SET decided = coalesce(decided, 'not_sent'), upsert = false, archive = false, gained = ${none}, lost = ${none}
    WHERE id IN (
      SELECT id FROM contact LEFT JOIN profile USING (n) LEFT JOIN baseline USING (b) WHERE upsert OR archive OR lost <> ${none}
      ORDER BY coalesce(profile.key, baseline.keys[1]), contact.address OFFSET ${limit})`);
}

/**
 * Creates the table `numbered`: each change with its chunk and its position there. Chunk 0 contains only the canaries, the last chunk of the upserts
 * their spares. Upserts come first; untags of one tag share chunks; what is to be archived comes last.
 */
export async function numberChanges(
  database: Database,
  { tags, counts }: { readonly tags: readonly PlannedTag[]; readonly counts: PlanCounts },
): Promise<readonly ChunkSize[]> {
  if (counts.creates + counts.updates + counts.removals === 0) {
    await database.run('CREATE TABLE numbered (id INTEGER, tag INTEGER, chunk INTEGER, position INTEGER)');
    return [];
  }
  await createCanaries(database, tags);
  await createSpares(database, { tags, rows: await rowsOfSpares(database) });
  await database.run(`
    CREATE TABLE rest AS
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS seq, ${ROW_BYTES} AS bytes
    FROM contact LEFT JOIN mask k ON k.mask = contact.wanted ANTI JOIN canary USING (id) ANTI JOIN spare USING (id) WHERE upsert`);
  const rows = await rowsOfChunk(database);
  const last = `(SELECT 1 + (count(*) + ${rows - 1}) // ${rows} FROM rest)::INTEGER`;
  await database.run(`
    CREATE TABLE numbered AS
    SELECT id, NULL::INTEGER AS tag, 0 AS chunk, (row_number() OVER (ORDER BY id) - 1)::INTEGER AS position FROM canary
    UNION ALL
    SELECT id, NULL, (1 + seq // ${rows})::INTEGER, (seq % ${rows})::INTEGER FROM rest
    UNION ALL
    SELECT id, NULL, ${last}, position FROM spare`);
  const upserts = await database.rows<ChunkSize>(`
    SELECT chunk, 'upsert' AS kind, count(*) AS rows, sum(bytes)::BIGINT AS bytes FROM (
      SELECT (1 + seq // ${rows})::INTEGER AS chunk, bytes FROM rest
      UNION ALL
      SELECT chunk, ${ROW_BYTES} FROM (SELECT id, 0 AS chunk FROM canary UNION ALL SELECT id, ${last} FROM spare)
      JOIN contact USING (id) LEFT JOIN mask k ON k.mask = contact.wanted)
    GROUP BY chunk ORDER BY chunk`);
  await database.run('DROP TABLE rest');
  const untags = counts.segments.every(({ toUntag }) => toUntag === 0)
    ? []
    : await numberUntags(database, { tags, after: upserts.length });
  const sent = [...upserts, ...untags];
  return [...sent, ...(counts.archives === undefined ? [] : await numberArchives(database, sent.length))];
}

/** Numbers those to archive from the chunk `after` all others. */
async function numberArchives(database: Database, after: number): Promise<readonly ChunkSize[]> {
  await database.run(`
    INSERT INTO numbered
    SELECT id, NULL, (${after} + seq // ${ROWS_OF_ARCHIVE_CHUNK})::INTEGER, (seq % ${ROWS_OF_ARCHIVE_CHUNK})::INTEGER
    FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS seq FROM contact WHERE archive)`);
  return database.rows<ChunkSize>(`
    SELECT chunk, 'archive' AS kind, count(*) AS rows, 0 AS bytes FROM numbered WHERE chunk >= ${after} GROUP BY chunk ORDER BY chunk`);
}

/** SQL: how many chunks some rows need. */
function chunksOf(rows: string): string {
  return `(${rows} + ${ROWS_OF_CHUNK - 1}) // ${ROWS_OF_CHUNK}`;
}

/** Numbers untags from the chunk `after` the upserts. Without upserts, the first few untags of the first tag are the canaries. */
async function numberUntags(
  database: Database,
  { tags, after }: { tags: readonly PlannedTag[]; after: number },
): Promise<readonly ChunkSize[]> {
  const canaries = after === 0 ? ROWS_OF_CANARY : 0;
  await createMaskNames(database, `SELECT lost AS mask FROM contact WHERE lost <> ${noTags(tags)}`);
  await database.run(`
    INSERT INTO numbered
    WITH pair AS (
      SELECT p.id, unnest(k.ids) AS tag FROM contact p JOIN mask k ON k.mask = p.lost),
    counted AS (SELECT tag, count(*) AS rows, CASE WHEN tag = min(tag) OVER () THEN ${canaries} ELSE 0 END AS canaries FROM pair GROUP BY tag),
    base AS (
      SELECT tag, canaries, ${Math.max(after, 1)} + sum(${chunksOf('greatest(rows - canaries, 0)')}) OVER (ORDER BY tag)
        - ${chunksOf('greatest(rows - canaries, 0)')} AS first
      FROM counted),
    place AS (SELECT id, tag, row_number() OVER (PARTITION BY tag ORDER BY id) - 1 AS seq FROM pair)
    SELECT id, tag,
      (CASE WHEN seq < canaries THEN 0 ELSE first + (seq - canaries) // ${ROWS_OF_CHUNK} END)::INTEGER,
      (CASE WHEN seq < canaries THEN seq ELSE (seq - canaries) % ${ROWS_OF_CHUNK} END)::INTEGER
    FROM place JOIN base USING (tag)`);
  return database.rows<ChunkSize>(`
    SELECT chunk, 'untag' AS kind, count(*) AS rows, sum(${ESCAPED} * strlen(address) + 6)::BIGINT AS bytes
    FROM numbered JOIN contact USING (id) WHERE tag IS NOT NULL GROUP BY chunk ORDER BY chunk`);
}

/** As many as go into one part, however they are drawn: by the longest row with the most tags, so that no row is joined with its tags. */
async function rowsOfSpares(database: Database): Promise<number> {
  const { longest } = await database.row<{ longest: number | null }>(
    `SELECT max(${rowBytes('(SELECT max(strlen(names)) FROM mask)')})::BIGINT AS longest FROM contact WHERE upsert`,
  );
  return Math.max(1, Math.min(ROWS_OF_CHUNK, Math.floor(BYTES_OF_PART / (longest ?? 1))));
}

/** 500, or fewer where some chunk of 500 would not go into one part: a few long rows among many do not matter. */
async function rowsOfChunk(database: Database): Promise<number> {
  for (let rows = ROWS_OF_CHUNK; rows > 1; rows = Math.floor(rows / 2)) {
    const { bytes } = await database.row<{ bytes: number | null }>(
      `SELECT max(bytes)::BIGINT AS bytes FROM (SELECT sum(bytes) AS bytes FROM rest GROUP BY seq // ${rows})`,
    );
    if ((bytes ?? 0) <= BYTES_OF_PART) return rows;
  }
  return 1;
}

/**
 * Writes the changes in the order of their chunks, so that a chunk is read from one or two row groups. Without the values of their fields, which a
 * reader takes from the snapshot: sorted with their values, a million wide rows would fit neither into memory nor on the disk.
 */
export async function writeChanges(database: Database, folder: string): Promise<void> {
  await createMaskNames(database, 'SELECT DISTINCT wanted AS mask FROM contact WHERE upsert');
  await database.run(`
    COPY (
      SELECT c.chunk, c.position, c.id, c.tag, p.address, p.known, p.status, p.n, p.cleared, p.archived_at,
        CASE WHEN p.upsert AND c.tag IS NULL THEN coalesce(k.names, '[]') END AS tags
      FROM numbered c JOIN contact p USING (id) LEFT JOIN mask k ON k.mask = p.wanted
      ORDER BY chunk, position
    ) TO ${quoteText(join(folder, CHANGES))} (${COMPACT_ROWS})`);
}
