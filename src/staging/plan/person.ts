import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { PersonPlan, PersonPlanRequest, PlannedContact } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import type { Database } from '../../duckdb/database';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { isoText, quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import { listOpenWrites } from '../delivery/open-writes';
import { CENSUS_ROWS, hashColumn, type PlanDocument, type PlannedTag, readPlan } from '../store/documents';
import { CENSUS, inExport, OPT_OUTS } from '../store/layout';
import { readLifts } from '../store/lifts';
import type { Sealed } from '../store/run-once';
import { readDocument } from '../store/sealed-files';
import { type StepContext, withTemporaryWorkspace } from '../store/workspace';
import { listRepairs } from '../verify/repairs';
import { brokenRule, createIdn, withAddress } from './address';
import { createBaseline, createCensus, OPTED_OUT, optOutsIn } from './baseline-table';
import { createContacts } from './contacts';
import { exposedQuery, lateOf } from './exposed';
import { fileOf, findBaseline } from './plan';
import {
  countDecimalCommas,
  createDuplicates,
  createProfiles,
  NUMERIC_KEY,
  snapshotProfiles,
} from './profiles';
import { signupColumn } from './signup';
import { findSnapshot } from './snapshot';
import { findAllSuppressions } from './suppressed';
import { createTags, noTags } from './tag-masks';
import { plannedTags } from './tags';

// The rules are those of a plan, by the same SQL: only the files that it reads are cut down to one person.

/** No export has this id: it stands for the one that comes next. */
const NEXT = 'next';

type ReadContext = Pick<StepContext, 'store' | 'memoryLimit'>;

/** Writes nothing into the store: DuckDB works in a temporary folder of the system. */
export async function planPerson(
  context: ReadContext,
  ref: ExportRef,
  request: PersonPlanRequest,
): Promise<PersonPlan | null> {
  const materials = await findMaterials(context.store, ref, request);
  if (!materials) return null;
  const rows = materials.read.plan.plan.selected + materials.baseline.document.size;
  const contacts = await withTemporaryWorkspace({ ...context, rows }, (database, folder) =>
    plannedContacts(database, { ...materials, request, folder }),
  );
  return { exportId: materials.read.exportId, contacts };
}

/** The last export that has read the profiles of its segments: an undo and a removal have not. */
async function findRead(store: StagingStore, destinationId: string, exports: readonly string[]) {
  for (const exportId of exports) {
    const ref = { destinationId, exportId };
    const plan = await readPlan(store, ref);
    if (!plan || plan.request.undo || plan.request.segments.length === 0) continue;
    const snapshot = await findSnapshot(store, ref);
    if (snapshot !== undefined) return { exportId, plan, snapshot };
  }
  return undefined;
}

async function findMaterials(
  store: StagingStore,
  { destinationId, exportId }: ExportRef,
  { accountId, exports }: PersonPlanRequest,
) {
  const next = { destinationId, exportId: NEXT };
  const read = await findRead(store, destinationId, exports);
  const baseline = read && (await findBaseline(store, next, exportId));
  if (!baseline) return undefined;
  const { census } = baseline.document;
  const listingOf = async (name: string, of: string) => {
    const sealedIn = { destinationId, exportId: of };
    const document = await readDocument<Sealed>(store, inExport(sealedIn, name));
    return document && store.localFile(inExport(sealedIn, document.folder, CENSUS_ROWS));
  };
  const listed = await listingOf(census === exportId ? CENSUS : OPT_OUTS, exportId);
  if (listed === undefined) return undefined;
  return {
    read,
    baseline,
    listed,
    census: census === null ? undefined : await listingOf(CENSUS, census),
    lifts: await readLifts(store, next),
    suppressions: await findAllSuppressions(store, { destinationId, accountId }),
    late: await lateOf(store, next, await listOpenWrites(store, next)),
    repairs: await listRepairs(store, next),
  };
}

type Materials = NonNullable<Awaited<ReturnType<typeof findMaterials>>> & {
  readonly request: PersonPlanRequest;
  /** In which it may write. */
  readonly folder: string;
};

async function plannedContacts(database: Database, materials: Materials): Promise<PlannedContact[]> {
  const { read, census, lifts, suppressions } = materials;
  const asked = read.plan.request;
  const { email, segments, strict, latest, latestFormat, addOnlyIf, signup, rejects } = asked;
  const tags = plannedTags(segments, materials.baseline.document);
  const fields = await countDecimalCommas(database, { ...asked, snapshot: read.snapshot });
  const { snapshot, baseline, listed } = await cutDown(database, materials);
  await createTags(database, tags, segments);
  const matching = { email, latest, fields, addOnlyIf, signup };
  await createProfiles(database, { ...matching, snapshot, strict, latestFormat, tags });
  await createDuplicates(database);
  const at = new Date().toISOString();
  const retryRefused = false;
  await createBaseline(database, { fields, tags, baseline, listed, at, retryRefused, lifts, rejects });
  await createCensus(database, { census, listed, tags });
  await createContacts(database, {
    request: { ...asked, keepDeparted: false },
    tags,
    knownFields: baseline.fields,
    isCensusFresh: false,
    listed,
    suppressions,
  });
  return readContacts(database, { ...materials, snapshot, tags });
}

/** Writes the rows of the person, and those that decide about them: of profiles with the same addresses, and of former addresses. */
async function cutDown(
  database: Database,
  { request: { emails, keys, members = [] }, read, baseline, listed, late, repairs, folder }: Materials,
) {
  const from = `read_parquet(${quoteText(read.snapshot)})`;
  await createIdn(database, { from, text: 'a0' });
  const addressed = withAddress(from, 'a0');
  const found = await database.rows<{ key: string; address: string | null }>(`
    SELECT key, CASE WHEN ${brokenRule('stripped', 'address')} IS NULL THEN address END AS address FROM ${addressed}
    WHERE ${isIn('key', keys)} OR ${isIn('address', emails)}`);
  const addresses = [...emails, ...found.flatMap(({ address }) => address ?? [])];
  const allKeys = [...keys, ...found.map(({ key }) => key)];
  const into = (name: string) => join(folder, `${name}.parquet`);
  const copy = (name: string, query: string) =>
    database.run(`COPY (${query}) TO ${quoteText(into(name))} (${COMPACT_ROWS})`);
  await database.run('CREATE TABLE present (address VARCHAR, status VARCHAR, changed_at VARCHAR)');
  await database.append(
    'present',
    members.map(({ email, member }) => [email, member?.status ?? null, member?.changedAt ?? null]),
  );
  // Whether all keys are numbers decides which of several profiles comes first.
  await copy(
    'profiles',
    `SELECT * EXCLUDE (stripped, address) FROM ${addressed} WHERE ${isIn('key', allKeys)} OR ${isIn('address', addresses)}
     UNION ALL (SELECT * FROM ${from} WHERE NOT regexp_full_match(key, '${NUMERIC_KEY}') LIMIT 1)`,
  );
  await copy(
    'known',
    `FROM read_parquet(${quoteText(baseline.rows)}) WHERE ${isIn('address', addresses)} OR list_has_any(keys, ${quoteTexts(allKeys)}::VARCHAR[])`,
  );
  await copy(
    'listed',
    `SELECT address, status, changed_at FROM (${optOutsIn(listed)}) ANTI JOIN present USING (address) WHERE ${isIn('address', addresses)}
     UNION ALL SELECT address, status, TRY_CAST(changed_at AS TIMESTAMP) FROM present WHERE status IN (${OPTED_OUT})`,
  );
  await database.run(exposedQuery({ rows: into('known') }, { late, repairs }, into('exposed')));
  const rows = into('exposed');
  return { snapshot: into('profiles'), listed: into('listed'), baseline: fileOf({ ...baseline, rows }) };
}

function isIn(column: string, texts: readonly string[]): string {
  return `coalesce(list_contains(${quoteTexts(texts)}::VARCHAR[], ${column}), false)`;
}

interface Made extends Materials {
  /** Path of the profiles that the plan was made of. */
  readonly snapshot: string;
  readonly tags: readonly PlannedTag[];
}

async function readContacts(
  database: Database,
  { request: { emails, keys }, read: { plan }, snapshot, tags }: Made,
): Promise<PlannedContact[]> {
  const isAsked = (address: string, of: string) =>
    `(${isIn(address, emails)} OR coalesce(list_has_any(${of}, ${quoteTexts(keys)}::VARCHAR[]), false))`;
  const profiles = `(SELECT n, key, a0, ${signupColumn(plan.request)} AS signup FROM ${snapshotProfiles(snapshot)})`;
  const mayAdd = plan.request.addOnlyIf === undefined ? 'NULL::BOOLEAN' : 'f.may_add';
  const nothing = `NULL AS change, outcome, coalesce(reason, '') AS reason, '' AS text, NULL AS since,
    []::VARCHAR[] AS tags, []::VARCHAR[] AS added, []::VARCHAR[] AS removed, []::VARCHAR[] AS fields, false AS "isExposed"`;
  return database.rows<PlannedContact>(`
    SELECT coalesce(s.key, b.keys[1], '') AS key, p.address AS email,
      CASE WHEN p.upsert THEN CASE WHEN p.known THEN 'update' ELSE 'create' END WHEN p.archive THEN 'archive' WHEN p.lost <> ${noTags(tags)} THEN 'untag' END AS change,
      p.decided AS outcome, coalesce(p.class, p.not_archived, '') AS reason, coalesce(p.text, '') AS text, ${isoText('p.since')} AS since,
      ${namesIn('p.wanted', tags)} AS tags, ${namesIn('p.gained', tags)} AS added, ${namesIn('p.lost', tags)} AS removed,
      CASE WHEN p.upsert THEN ${changedFields(plan)} ELSE [] END AS fields, coalesce(b.state = 'exposed', false) AS "isExposed", ${mayAdd} AS "mayAdd", s.signup
    FROM contact p JOIN seen USING (id) LEFT JOIN baseline b ON b.b = p.b LEFT JOIN profile f ON f.n = p.n LEFT JOIN ${profiles} s ON s.n = p.n
    WHERE ${isAsked('p.address', 'list_concat(coalesce(b.keys, []), [s.key])')}
    UNION ALL
    SELECT d.key, s.a0 AS email, ${nothing}, ${mayAdd} AS "mayAdd", NULL AS signup
    FROM (
      SELECT n, key, address, 'invalid' AS outcome, rule AS reason FROM profile WHERE rule IS NOT NULL
      UNION ALL
      SELECT d.n, d.key, p.address, 'duplicate', d.winner_key FROM duplicate d JOIN profile p USING (n)) d
    JOIN profile f ON f.n = d.n JOIN ${profiles} s ON s.n = d.n
    WHERE ${isAsked('d.address', '[d.key]')}
    ORDER BY key, email`);
}

/** SQL: names of the tags in a mask. */
function namesIn(mask: string, tags: readonly PlannedTag[]): string {
  const names = quoteTexts(tags.map(({ name }) => name));
  return `list_filter(${names}::VARCHAR[], lambda name, place: (${mask}::VARCHAR)[place] = '1')`;
}

/** SQL: merge fields of a contact in `seen` that differ from its row in `baseline`. */
function changedFields({ request: { fields } }: PlanDocument): string {
  const changed = fields.map((match) => {
    const hash = quoteName(hashColumn(match));
    return `CASE WHEN seen.${hash} IS DISTINCT FROM b.${hash} THEN ${quoteText(match.field.tag)} END`;
  });
  return `list_filter([${changed.join(', ')}]::VARCHAR[], lambda tag: tag IS NOT NULL)`;
}
