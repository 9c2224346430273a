import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DriftClass, noDrift, REPAIRED_CLASSES, type Verification } from '../../contract/drift';
import type { ExportRef } from '../../contract/identifiers';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import type { Database } from '../../duckdb/database';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import type { DriftRequest, DriftRow, VerifyRequest } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { PAGES } from '../plan/census';
import { findBaseline } from '../plan/plan';
import { GONE_ROWS, readBaseline } from '../store/documents';
import { lastGeneration, replaceRowFile } from '../store/generations';
import { DRIFT, inExport, scratchOf, SUSPECTS } from '../store/layout';
import { makeFolder, randomName } from '../store/local-files';
import { runOnce } from '../store/run-once';
import { deleteAll, listObjects, localFiles, readDocument, requireLocalFile } from '../store/sealed-files';
import { isSuperseded } from '../store/superseded';
import { type StepContext, withWorkspace } from '../store/workspace';
import { type FoundRows, readRows, writeRows } from '../settle/listed-rows';
import type { ReadContext } from '../settle/refusals';
import { DRIFT_ROWS, type DriftDocument, READINGS, SUSPECT_ROWS, type SuspectsDocument } from './documents';
import { labelsOfFields } from './fields';
import { recordRepair } from './repairs';
import { hasLeft, isAway, OPTED_OUT, oursOf, without, WRITABLE } from './suspects';

type Context = Omit<StepContext, 'now'>;

type Request = VerifyRequest & { readonly repair: boolean; readonly isSample?: true };

/**
 * Combines what the suspects were found to be when each was read alone into the contacts that differ, and seals them. The pages, with values
 * of the whole audience, are then deleted.
 */
export async function sealDrift(context: Context, request: Request): Promise<Verification> {
  const { store, ref } = context;
  const { verification, folder: sealed } = await runOnce<DriftDocument>(store, ref, {
    step: 'drift',
    document: DRIFT,
    files: request.isSample ? [DRIFT_ROWS] : [DRIFT_ROWS, GONE_ROWS],
    work: async (folder) => ({ verification: await classify(context, request, folder) }),
  });
  if (!request.isSample) await correctGone(store, ref, { baseline: request.baseline, folder: sealed });
  if (request.repair && verification.repaired > 0) await recordRepair(store, ref);
  if (!request.isSample) await deleteAll(store, `${inExport(ref, PAGES)}/`);
  return verification;
}

async function classify(context: Context, request: Request, folder: string): Promise<Verification> {
  const { store, ref, memoryLimit, signal } = context;
  const suspects = await readDocument<SuspectsDocument>(store, inExport(ref, SUSPECTS));
  const baseline = await findBaseline(store, ref, request.baseline);
  if (!suspects || !baseline) throw new Error('suspects are sealed before they are read');
  const rows = await requireLocalFile(store, inExport(ref, suspects.folder, SUSPECT_ROWS));
  const names = await listObjects(store, `${inExport(ref, READINGS)}/`);
  const readings = await localFiles(
    store,
    names.map((name) => inExport(ref, READINGS, name)),
  );
  const options = { folder, memoryLimit, rows: suspects.suspects, allow: store.workFolder, signal };
  return withWorkspace(options, async (database) => {
    await createDrift(database, { rows, readings, ours: oursOf(baseline, request) });
    await writeDrift(database, { request, into: join(folder, DRIFT_ROWS) });
    const away = inExport(ref, suspects.folder, GONE_ROWS);
    if (!request.isSample)
      await writeGone(database, {
        others: await requireLocalFile(store, away),
        into: join(folder, GONE_ROWS),
      });
    return countDrift(database, suspects, request);
  });
}

interface Materials {
  readonly rows: string;
  readonly readings: readonly string[];
  readonly ours: readonly number[];
}

/** Creates the table `drift` of each suspect with its classes. A suspect that was not read alone has none. */
async function createDrift(database: Database, { rows, readings, ours }: Materials): Promise<void> {
  const columns = "{n: 'INTEGER', status: 'VARCHAR', fields: 'VARCHAR[]', carried: 'INTEGER[]'}";
  const from =
    readings.length === 0
      ? '(SELECT NULL::INTEGER AS n, NULL::VARCHAR AS status, NULL::VARCHAR[] AS fields, NULL::INTEGER[] AS carried WHERE false)'
      : `read_json(${quoteTexts(readings)}, format = 'newline_delimited', columns = ${columns})`;
  const isWritable = `coalesce(v.status IN ${WRITABLE}, false)`;
  const none = '[]::INTEGER[]';
  await database.run(`
    CREATE TABLE drift AS
    SELECT *, list_filter([
        CASE WHEN is_known AND is_read AND status IS NULL THEN 'missing' END,
        CASE WHEN is_known AND status = 'archived' AND ${hasLeft('status', 'was')} THEN 'archived' END,
        CASE WHEN is_known AND status IN ${OPTED_OUT} AND ${hasLeft('status', 'was')} THEN 'opted_out' END,
        CASE WHEN is_known AND len(changed) > 0 THEN 'field_changed' END,
        CASE WHEN is_known AND len(lost) > 0 THEN 'tag_removed' END,
        CASE WHEN len(gained) > 0 THEN 'tag_added' END], lambda name: name IS NOT NULL) AS classes
    FROM (
      SELECT s.address, s.key, s.was, s.counts, s.is_known, v.n IS NOT NULL AS is_read,
        CASE WHEN v.n IS NULL THEN s.found ELSE v.status END AS status,
        CASE WHEN ${isWritable} THEN v.fields ELSE [] END AS changed,
        CASE WHEN ${isWritable} THEN ${without('s.ours', 'v.carried')} ELSE ${none} END AS lost,
        CASE WHEN ${isWritable} AND s.is_clear THEN ${without(
          without(
            `list_filter(v.carried, lambda tag: list_contains([${ours.join(', ')}]::INTEGER[], tag))`,
            's.ours',
          ),
          's.others',
        )} ELSE ${none} END AS gained
      FROM read_parquet(${quoteText(rows)}) s LEFT JOIN ${from} v ON v.n = s.n)`);
}

/** SQL: a list of names joined, by a table of ids or names with their labels. */
function labelled(list: string, table: string): string {
  return `(SELECT string_agg(label, ', ' ORDER BY label) FROM ${table} WHERE list_contains(${list}, id))`;
}

async function writeDrift(
  database: Database,
  { request, into }: { readonly request: VerifyRequest; readonly into: string },
): Promise<void> {
  await database.run(
    'CREATE TABLE tag_label (id INTEGER, label VARCHAR); CREATE TABLE field_label (id VARCHAR, label VARCHAR)',
  );
  await database.append(
    'tag_label',
    request.tags.map(({ id, name }) => [id, name]),
  );
  await database.append('field_label', labelsOfFields(request.fields));
  await database.run(`
    COPY (
      SELECT class, coalesce(key, '') AS key, address, coalesce(status, '') AS status, coalesce(CASE class
          WHEN 'field_changed' THEN ${labelled('changed', 'field_label')}
          WHEN 'tag_removed' THEN ${labelled('lost', 'tag_label')}
          WHEN 'tag_added' THEN ${labelled('gained', 'tag_label')} END, '') AS detail
      FROM (SELECT *, unnest(classes) AS class FROM drift) ORDER BY address, class
    ) TO ${quoteText(into)} (${COMPACT_ROWS})`);
}

/** Writes the contacts that are not in the audience, or have opted out: of the suspects, and the others. */
async function writeGone(
  database: Database,
  { others, into }: { readonly others: string; readonly into: string },
): Promise<void> {
  await database.run(`
    COPY (
      FROM read_parquet(${quoteText(others)})
      UNION ALL SELECT address, status FROM drift WHERE counts AND ${isAway('status')}
    ) TO ${quoteText(into)} (${COMPACT_ROWS})`);
}

/**
 * Has the baseline know who is not in the audience, so that later exports count them as gone. Its rows stay as they are: what was read says nothing of
 * what was sent.
 */
async function correctGone(
  store: StagingStore,
  ref: ExportRef,
  { baseline, folder }: { readonly baseline: string; readonly folder: string },
): Promise<void> {
  const of = { ...ref, exportId: baseline };
  const document = await readBaseline(store, of);
  // The claim says that no later job has counted it in another way.
  if (!document || (await isSuperseded(store, ref))) return;
  const key = inExport(of, document.folder, GONE_ROWS);
  // Where another worker has made the drift, this one may have nothing in its folder yet.
  await makeFolder(scratchOf(store));
  const file = join(scratchOf(store), `put-${randomName()}`);
  const after = await lastGeneration(store, key);
  await copyFile(await requireLocalFile(store, inExport(ref, folder, GONE_ROWS)), file);
  await replaceRowFile(store, key, { after, file, isSuperseded: () => isSuperseded(store, ref) });
}

async function countDrift(
  database: Database,
  { suspects, compared, inAudience, gone, optedOut, notComparable, deletedTags }: SuspectsDocument,
  { baseline, repair }: Request,
): Promise<Verification> {
  const isIn = "coalesce(status <> 'archived', false)";
  const repaired = quoteTexts(REPAIRED_CLASSES);
  const found = await database.row<Record<'differing' | 'unread' | 'in' | 'out' | 'opted' | 'ours', number>>(`
    SELECT count(*) FILTER (len(classes) > 0) AS differing, count(*) FILTER (NOT is_read) AS unread,
      count(*) FILTER (counts AND ${isIn}) AS "in", count(*) FILTER (counts AND NOT ${isIn}) AS "out",
      count(*) FILTER (counts AND coalesce(status IN ${OPTED_OUT}, false)) AS opted,
      count(*) FILTER (list_has_any(classes, ${repaired})) AS ours
    FROM drift`);
  const byClass = await database.rows<{ class: DriftClass; count: number }>(
    'SELECT class, count(*) AS count FROM (SELECT unnest(classes) AS class FROM drift) GROUP BY class',
  );
  return {
    baseline,
    compared,
    differing: found.differing,
    drift: { ...noDrift(), ...Object.fromEntries(byClass.map((one) => [one.class, one.count])) },
    inAudience: inAudience + found.in,
    gone: gone + found.out,
    optedOut: optedOut + found.opted,
    suspects,
    unread: found.unread,
    notComparable,
    deletedTags,
    repaired: repair ? found.ours : 0,
  };
}

export async function readDrift(
  context: ReadContext,
  ref: ExportRef,
  request: DriftRequest,
): Promise<readonly DriftRow[]> {
  return readRows(context, await findDrift(context, ref, request));
}

export async function writeDriftRows(
  context: ReadContext,
  ref: ExportRef,
  { file, ...request }: DriftRequest & { readonly file: string },
): Promise<number> {
  return writeRows(context, await findDrift(context, ref, request), file);
}

async function findDrift(
  { store }: ReadContext,
  ref: ExportRef,
  { classes, limit }: DriftRequest,
): Promise<FoundRows> {
  const sealed = await readDocument<DriftDocument>(store, inExport(ref, DRIFT));
  const rows = sealed && (await store.localFile(inExport(ref, sealed.folder, DRIFT_ROWS)));
  if (!sealed || !rows)
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      'The staging store has no rows of this verification: it did not end, or its rows have expired. Verify again.',
    );
  const wanted = classes ? `WHERE list_contains(${quoteTexts(classes)}::VARCHAR[], class)` : '';
  return {
    query: `SELECT class, key, address AS email, status, detail FROM read_parquet(${quoteText(rows)}) ${wanted}
      ORDER BY email, class ${limit === undefined ? '' : `LIMIT ${limit}`}`,
    size: sealed.verification.differing,
  };
}
