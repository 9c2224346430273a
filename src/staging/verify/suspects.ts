import { join } from 'node:path';
import { isProtectedStatus, MEMBER_STATUSES, OPTED_OUT_STATUSES } from '../../contract/outcome';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import type { SampleRequest, VerifyRequest } from '../../ports/staging';
import { PAGES } from '../plan/census';
import { exposeLateWrites } from '../plan/exposed';
import { DELETED } from '../plan/permanent-refusals';
import { findBaseline, type FoundBaseline } from '../plan/plan';
import { BASELINE_ROWS, CENSUS_ROWS, GONE_ROWS, hashColumn, readBaseline } from '../store/documents';
import { CENSUS, inExport, SUSPECTS } from '../store/layout';
import { runOnce, type Sealed } from '../store/run-once';
import { listObjects, localFiles, readDocument, requireLocalFile } from '../store/sealed-files';
import { type StepContext, withWorkspace } from '../store/workspace';
import { SUSPECT_ROWS, type SuspectsDocument } from './documents';
import { findSentValues, judgeFields, listKnownFields } from './fields';
import { createReadMembers } from './members';

const MAX_ROWS_OF_PAGE = 1_000;

/** SQL: statuses of members that get no campaigns because they want none, in a list. */
export const OPTED_OUT = `(${OPTED_OUT_STATUSES.map(quoteText).join(', ')})`;
/** SQL: statuses of members that Mailchimp takes updates of. */
export const WRITABLE = `(${MEMBER_STATUSES.filter((status) => !isProtectedStatus(status))
  .map(quoteText)
  .join(', ')})`;

type Context = Omit<StepContext, 'now'>;

/**
 * Compares the pages of the audience with the baseline, and lists the contacts that seem to differ. Pages are no snapshot: a member that
 * leaves while they are read moves the others, so no suspect counts before it is read alone.
 */
export async function findSuspects(context: Context, request: VerifyRequest): Promise<SuspectsDocument> {
  // What a late write of an export may have changed is not known, so it is no drift.
  await exposeLateWrites(context, request.baseline, { repairs: false });
  return runOnce<SuspectsDocument>(context.store, context.ref, {
    step: 'suspects',
    document: SUSPECTS,
    files: [SUSPECT_ROWS, GONE_ROWS],
    work: (folder) => compareAll(context, request, folder),
  });
}

/**
 * Chooses contacts of a baseline, each of which is then read alone: some thousandths of a second each, where all pages take minutes. A repeated
 * call has the same answer.
 */
export async function chooseSample(
  context: Context,
  { sample, ...request }: SampleRequest,
): Promise<SuspectsDocument> {
  return runOnce<SuspectsDocument>(context.store, context.ref, {
    step: 'suspects',
    document: SUSPECTS,
    files: [SUSPECT_ROWS],
    work: (folder) => choose(context, { sample, ...request }, folder),
  });
}

async function choose(
  context: Context,
  request: SampleRequest,
  folder: string,
): Promise<Omit<SuspectsDocument, 'folder'>> {
  const { store, ref, memoryLimit, signal } = context;
  const baseline = await ownBaseline(context);
  const sent = await findSentValues(context, request.baseline);
  const census = await censusOf(context, baseline);
  const { fields } = request;
  const { document, rows } = baseline;
  const options = { folder, memoryLimit, rows: document.size, allow: store.workFolder, signal };
  return withWorkspace(options, async (database) => {
    const digits = fields.map(({ tag }) =>
      document.fields.includes(tag)
        ? `(${quoteName(hashColumn({ field: { tag } }))} IS NOT NULL)::INTEGER::VARCHAR`
        : "'0'",
    );
    await database.run(`
      CREATE TABLE chosen AS
      SELECT b.address, b.keys[1] AS key, b.status AS was, b.tags, ${["''", ...digits].join(' || ')} AS digits
      FROM read_parquet(${quoteText(rows)}) b WHERE ${isKnownIn(baseline)}
      ORDER BY md5(concat(b.address, ${quoteText(ref.exportId)})) LIMIT ${request.sample};
      CREATE TABLE unequal AS SELECT address, digits FROM chosen`);
    await listKnownFields(database, { fields, baseline: rows, sent });
    const others = othersIn(census, 'chosen');
    await database.run(`
      COPY (
        SELECT row_number() OVER (ORDER BY c.address)::INTEGER AS n, c.address, c.key, c.was, false AS counts, true AS is_known,
          true AS is_clear, list_filter(c.tags, lambda tag: list_contains([${oursOf(baseline, request).join(', ')}]::INTEGER[], tag)) AS ours,
          NULL::VARCHAR AS found, j.differing, j.fields, j.more, coalesce(o.tags, []::INTEGER[]) AS others
        FROM chosen c JOIN judged j ON j.address = c.address LEFT JOIN (${others}) o ON o.address = c.address ORDER BY n
      ) TO ${quoteText(join(folder, SUSPECT_ROWS))} (${COMPACT_ROWS})`);
    const { chosen } = await database.row<{ chosen: number }>('SELECT count(*) AS chosen FROM chosen');
    return { ...NOTHING, suspects: chosen, compared: chosen };
  });
}

/** The baseline that the export has sealed, not the one that it was compared with. */
async function ownBaseline({ store, ref }: Context): Promise<FoundBaseline> {
  const document = await readBaseline(store, ref);
  if (!document) throw new Error('a sample is of an export that is settled');
  const rows = await requireLocalFile(store, inExport(ref, document.folder, BASELINE_ROWS));
  return { document, rows, knownKeys: undefined, gone: undefined };
}

const NOTHING = { inAudience: 0, gone: 0, optedOut: 0, notComparable: 0, deletedTags: 0 };

async function compareAll(
  context: Context,
  request: VerifyRequest,
  folder: string,
): Promise<Omit<SuspectsDocument, 'folder'>> {
  const { store, ref, memoryLimit, signal } = context;
  const names = await listObjects(store, `${inExport(ref, PAGES)}/`);
  const pages = await localFiles(
    store,
    names.map((name) => inExport(ref, PAGES, name)),
  );
  const baseline = await findBaseline(store, ref, request.baseline);
  if (!baseline) throw new Error('a baseline that is named is found or refused');
  const sent = await findSentValues(context, request.baseline);
  const census = await censusOf(context, baseline);
  const rows = names.length * MAX_ROWS_OF_PAGE + baseline.document.size;
  const allow = store.workFolder;
  return withWorkspace({ folder, memoryLimit, rows, allow, signal }, async (database) => {
    const { fields } = request;
    await createReadMembers(database, { pages, fields, folder });
    await createOwned(database, baseline, request);
    await createCompared(database, { baseline, fields, folder });
    await database.run(
      "CREATE TABLE unequal AS SELECT address, digits FROM compared WHERE contains(digits, '1')",
    );
    await judgeFields(database, { fields, baseline: baseline.rows, sent });
    await createSuspects(database, { census, baseline });
    await database.run(
      `COPY (SELECT * FROM suspect ORDER BY n) TO ${quoteText(join(folder, SUSPECT_ROWS))} (${COMPACT_ROWS})`,
    );
    await database.run(`
      COPY (SELECT address, found AS status FROM compared ANTI JOIN suspect USING (address) WHERE counts AND ${isAway('found')})
      TO ${quoteText(join(folder, GONE_ROWS))} (${COMPACT_ROWS})`);
    return countAll(database);
  });
}

/** Path of the listing of the audience before the first export: whose tags in it are of others. Undefined: there is none. */
async function censusOf({ store, ref }: Context, { document }: FoundBaseline): Promise<string | undefined> {
  if (document.census === null) return undefined;
  const of = { ...ref, exportId: document.census };
  const sealed = await readDocument<Sealed>(store, inExport(of, CENSUS));
  return sealed && store.localFile(inExport(of, sealed.folder, CENSUS_ROWS));
}

/** Tags that are ours: those that contacts of the baseline carry, and those of the configured segments. Without those that were deleted. */
export function oursOf(
  { document }: Pick<FoundBaseline, 'document'>,
  { tags, ours }: Pick<VerifyRequest, 'tags' | 'ours'>,
): readonly number[] {
  const live = new Set(tags.map(({ id }) => id));
  const all = new Set([...Object.keys(document.tags).map(Number), ...ours]);
  return [...all].filter((id) => live.has(id));
}

/** Creates the tables `carried` and `owned`: of each list of tags, those that are ours and exist. There are few combinations. */
async function createOwned(
  database: Database,
  baseline: FoundBaseline,
  request: VerifyRequest,
): Promise<void> {
  const live = `[${oursOf(baseline, request).join(', ')}]::INTEGER[]`;
  const oursIn = (from: string) => `
    SELECT tags, list_filter(tags, lambda tag: list_contains(${live}, tag)) AS ours FROM (SELECT DISTINCT tags FROM ${from})`;
  await database.run(`
    CREATE TABLE carried AS ${oursIn('member')};
    CREATE TABLE owned AS ${oursIn(`read_parquet(${quoteText(baseline.rows)})`)}`);
}

interface Compared {
  readonly baseline: FoundBaseline;
  readonly fields: VerifyRequest['fields'];
  readonly folder: string;
}

/**
 * Writes each address of the baseline with what the pages say of it, as the view `compared`. `is_known`: what was sent is proven, and it
 * should be in the audience; `digits`: for each field, 1 where the hashes differ.
 */
async function createCompared(database: Database, { baseline, fields, folder }: Compared): Promise<void> {
  const { document, rows } = baseline;
  const isKnown = isKnownIn(baseline);
  const digits = fields.map((field, index) => {
    const hash = `b.${quoteName(hashColumn({ field }))}`;
    return document.fields.includes(field.tag)
      ? `(${hash} IS NOT NULL AND ${hash} IS DISTINCT FROM m.h${index})::INTEGER::VARCHAR`
      : "'0'";
  });
  const file = quoteText(join(folder, 'compared.parquet'));
  await database.run(`
    COPY (
      SELECT b.address, b.keys[1] AS key, b.status AS was, len(b.tags) > 0 AS counts, len(o.ours) < len(b.tags) AS has_deleted,
        ${isKnown} AS is_known, b.state IS DISTINCT FROM 'exposed' AS is_clear, coalesce(o.ours, []::INTEGER[]) AS ours,
        m.status AS found, coalesce(c.ours, []::INTEGER[]) AS carried,
        CASE WHEN ${isKnown} AND m.status IN ${WRITABLE} THEN ${["''", ...digits].join(' || ')} ELSE '' END AS digits
      FROM read_parquet(${quoteText(rows)}) b LEFT JOIN member m ON m.address = b.address
      LEFT JOIN owned o ON o.tags = b.tags LEFT JOIN carried c ON c.tags = m.tags
    ) TO ${file} (${COMPACT_ROWS});
    CREATE VIEW compared AS SELECT * FROM read_parquet(${file})`);
}

/** SQL: whether what was sent for a row `b` of the baseline is proven, and it should be in the audience. */
function isKnownIn({ document }: FoundBaseline): string {
  const archivedAt = document.hasOrigins ? 'b.archived_at' : 'NULL';
  return `coalesce(b.state = 'proven' AND (b.present OR len(b.tags) > 0) AND ${archivedAt} IS NULL AND NOT coalesce(b.refused_class IN (${DELETED}), false), false)`;
}

/** SQL: the tags that some contacts carried before the first export: they are of others. */
function othersIn(census: string | undefined, table: string): string {
  return census
    ? `SELECT address, tags FROM read_parquet(${quoteText(census)}) SEMI JOIN ${table} USING (address)`
    : 'SELECT NULL::VARCHAR AS address, NULL::INTEGER[] AS tags WHERE false';
}

/** SQL: items of one list that another has not. */
export function without(list: string, other: string): string {
  return `list_filter(${list}, lambda tag: NOT list_contains(${other}, tag))`;
}

/**
 * Creates the table `suspect`: contacts that seem to differ, with what was sent. `others`: tags of ours that it carried before the first
 * export, so they are of others. Also members that are not in the baseline, and carry a tag of ours.
 */
async function createSuspects(
  database: Database,
  {
    census,
    baseline,
  }: {
    readonly census: string | undefined;
    readonly baseline: FoundBaseline;
  },
): Promise<void> {
  const others = othersIn(census, 'candidate');
  const known = 'coalesce(o.tags, []::INTEGER[])';
  await database.run(`
    CREATE TABLE candidate AS
    SELECT * FROM (
      SELECT c.* EXCLUDE (digits, has_deleted), coalesce(j.differing, []::VARCHAR[]) AS differing, coalesce(j.fields, '{}') AS fields,
        coalesce(j.more, '{}') AS more,
        c.is_known AND (c.found IS NULL OR coalesce(len(j.differing) > 0, false) OR ${hasLeft('c.found', 'c.was')}
          OR (c.found IN ${WRITABLE} AND len(${without('c.ours', 'c.carried')}) > 0)) AS is_suspect,
        c.is_clear AND coalesce(c.found IN ${WRITABLE}, false) AND len(${without('c.carried', 'c.ours')}) > 0 AS is_tagged
      FROM compared c LEFT JOIN judged j ON j.address = c.address)
    WHERE is_suspect OR is_tagged
    UNION ALL BY NAME
    SELECT m.address, false AS counts, false AS is_known, true AS is_clear, []::INTEGER[] AS ours, m.status AS found, c.ours AS carried,
      []::VARCHAR[] AS differing, '{}' AS fields, '{}' AS more, false AS is_suspect, true AS is_tagged
    FROM member m JOIN carried c ON c.tags = m.tags ANTI JOIN read_parquet(${quoteText(baseline.rows)}) b ON b.address = m.address
    WHERE len(c.ours) > 0 AND m.status IN ${WRITABLE};
    CREATE TABLE others AS ${others};
    CREATE TABLE suspect AS
    SELECT row_number() OVER (ORDER BY c.address)::INTEGER AS n, c.* EXCLUDE (is_suspect, is_tagged), ${known} AS others
    FROM candidate c LEFT JOIN others o ON o.address = c.address
    WHERE c.is_suspect OR len(${without(without('c.carried', 'c.ours'), known)}) > 0`);
}

/** SQL: whether a contact with this status is not in the audience, or has opted out. */
export function isAway(status: string): string {
  return `(coalesce(${status}, 'archived') = 'archived' OR ${status} IN ${OPTED_OUT})`;
}

/** SQL: whether a member has opted out, or was archived, since an export has seen its status. */
export function hasLeft(found: string, was: string): string {
  return `((${found} = 'archived' AND ${was} IS DISTINCT FROM 'archived') OR (${found} IN ${OPTED_OUT} AND NOT coalesce(${was} IN ${OPTED_OUT}, false)))`;
}

async function countAll(database: Database): Promise<Omit<SuspectsDocument, 'folder'>> {
  const counts = await database.row<Omit<SuspectsDocument, 'folder' | 'suspects' | 'notComparable'>>(`
    SELECT count(*) FILTER (is_known) AS compared,
      count(*) FILTER (has_deleted) AS "deletedTags",
      count(*) FILTER (${COUNTED} AND ${IS_IN}) AS "inAudience",
      count(*) FILTER (${COUNTED} AND NOT ${IS_IN}) AS gone,
      count(*) FILTER (${COUNTED} AND coalesce(found IN ${OPTED_OUT}, false)) AS "optedOut"
    FROM compared c LEFT JOIN (SELECT address AS suspected FROM suspect) s ON s.suspected = c.address`);
  const { suspects, notComparable } = await database.row<{ suspects: number; notComparable: number }>(
    'SELECT (SELECT count(*) FROM suspect) AS suspects, (SELECT count(*) FROM judged WHERE is_blind) AS "notComparable"',
  );
  return { ...counts, suspects, notComparable };
}

const COUNTED = '(counts AND suspected IS NULL)';
const IS_IN = "coalesce(found <> 'archived', false)";
