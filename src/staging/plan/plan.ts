import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { ExportPlan } from '../../contract/plan';
import type { PlanRequest } from '../../ports/staging';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { ExportError } from '../../errors';
import { runOnce } from '../store/run-once';
import {
  BASELINE_ROWS,
  type BaselineDocument,
  CENSUS_ROWS,
  CHANGES,
  CONTACTS,
  DECIDED,
  GONE_ROWS,
  hashColumn,
  KNOWN_KEYS,
  type PlanDocument,
  type PlannedTag,
  readBaseline,
  readExposed,
  WARNINGS,
} from '../store/documents';
import type { StagingStore } from '../../ports/staging-store';
import { CENSUS, inExport, OPT_OUTS, PLAN } from '../store/layout';
import { packParts } from './parts';
import { cutAtLimit, numberChanges, writeChanges } from './changes';
import { fieldMembers, moreMembers } from './row-members';
import { type CountsInput, countPlan } from './counts';
import { type BaselineFile, createBaseline, createCensus } from './baseline-table';
import { createContacts } from './contacts';
import { createMissing } from './gone';
import {
  brokenAttribute,
  countDecimalCommas,
  createDuplicates,
  createProfiles,
  snapshotProfiles,
} from './profiles';
import { plannedTags } from './tags';
import { createTags } from './tag-masks';
import { type Lift, readLifts } from '../store/lifts';
import { readDocument } from '../store/sealed-files';
import { findAllSuppressions, type FoundSuppressions } from './suppressed';
import { countNewRows } from './unmatched';
import { asBefore, readUndone, type UndoneExport } from './restored';
import { keepSentBefore, leaveUndo } from './undo';
import { writeWarnings } from './warnings';
import type { WireMatch } from './wire-values';
import { readSnapshot, type Snapshot } from './snapshot';
import { type StepContext, withWorkspace } from '../store/workspace';

export async function plan(input: StepContext, request: PlanRequest): Promise<ExportPlan> {
  const { store, ref } = input;
  const document = await runOnce<PlanDocument>(store, ref, {
    step: 'plan',
    document: PLAN,
    files: [CHANGES, CONTACTS, DECIDED, WARNINGS],
    work: (folder) => makePlan(input, request, folder),
  });
  return document.plan;
}

async function makePlan(
  { store, memoryLimit, ref, now, signal }: StepContext,
  asked: PlanRequest,
  folder: string,
): Promise<Omit<PlanDocument, 'folder'>> {
  const undone = asked.undo && (await readUndone(store, ref, asked.undo));
  const request = undone ? asBefore(asked, undone) : asked;
  const snapshot = await readSnapshot(store, ref);
  const baseline = await findBaseline(store, ref, request.baseline);
  const census = request.census ?? baseline?.document.census ?? null;
  const isFresh = census === ref.exportId;
  const tags = plannedTags(request.segments, baseline?.document);
  const rows = {
    census: census === null ? undefined : await findCensus(store, { ...ref, exportId: census }, CENSUS),
    optOuts: isFresh ? undefined : await findCensus(store, ref, OPT_OUTS),
  };
  const allow = store.workFolder;
  const suppressions = await findAllSuppressions(store, { ...ref, accountId: request.accountId });
  const size = snapshot.selected + (baseline?.document.size ?? 0);
  return withWorkspace({ folder, memoryLimit, rows: size, allow, signal }, async (database) => {
    const fields = await countDecimalCommas(database, { ...request, snapshot: snapshot.rows });
    const made = await runPlan(database, {
      folder,
      request,
      fields,
      tags,
      snapshot,
      baseline: baseline && fileOf(baseline),
      knownKeys: baseline?.knownKeys,
      gone: baseline?.gone,
      knownUnmatched: baseline?.document.unmatched ?? {},
      ...rows,
      undone,
      lifts: await readLifts(store, ref),
      suppressions,
      at: now().toISOString(),
    });
    return {
      request,
      tags,
      census,
      suppressions: suppressions.generations,
      fields: fieldMembers({ ...request, fields }),
      ...withMore({ ...request, fields }),
      plan: { planId: digest(ref, made), ...made },
    };
  });
}

/** Nothing where nothing but merge fields is matched. */
function withMore(matching: Parameters<typeof moreMembers>[0]): Pick<PlanDocument, 'more'> {
  const more = moreMembers(matching);
  return Object.values(more).some((members) => members.length > 0) ? { more } : {};
}

interface Materials {
  readonly folder: string;
  readonly request: PlanRequest;
  readonly fields: readonly WireMatch[];
  readonly tags: readonly PlannedTag[];
  readonly snapshot: Snapshot;
  readonly baseline: BaselineFile | undefined;
  readonly knownUnmatched: CountsInput['knownUnmatched'];
  readonly knownKeys: string | undefined;
  readonly gone: string | undefined;
  /** The full census in force. */
  readonly census: string | undefined;
  /** Undefined if this export took the census, which then has the opt-outs. */
  readonly optOuts: string | undefined;
  readonly lifts: readonly Lift[];
  readonly suppressions: FoundSuppressions;
  /** The export that is taken back. */
  readonly undone: UndoneExport | undefined;
  /** When the plan is made: throttled addresses whose wait ends later are not sent. */
  readonly at: string;
}

async function runPlan(database: Database, materials: Materials): Promise<Omit<ExportPlan, 'planId'>> {
  const { folder, request, tags, snapshot } = materials;
  const { email, segments, strict, latest, latestFormat, addOnlyIf, signup, limit } = request;
  const { fields } = materials;
  const matching = { email, latest, fields, addOnlyIf, signup };
  const from = { ...matching, snapshot: snapshot.rows, strict, latestFormat, tags };
  const { baseline, census, optOuts, at, lifts } = materials;
  await createTags(database, tags, segments);
  await createProfiles(database, from);
  await checkWhole(database, snapshot);
  const { undone } = materials;
  if (undone) await keepSentBefore(database, { undone, tags });
  await createDuplicates(database);
  const listed = optOuts ?? census;
  if (listed === undefined) throw new Error('a plan needs a census or a list of opt-outs');
  const { retryRefused = false, rejects } = request;
  await createBaseline(database, { fields, tags, baseline, listed, at, retryRefused, lifts, rejects });
  await createCensus(database, { census, listed, tags });
  await createMissing(database, { gone: materials.gone, listed });
  await createContacts(database, {
    request,
    tags,
    knownFields: baseline?.fields ?? [],
    isCensusFresh: optOuts === undefined,
    listed,
    suppressions: materials.suppressions,
  });
  const remains = undone && (await leaveUndo(database, { undone, tags, fields }));
  if (limit !== undefined) await cutAtLimit(database, { limit, tags });
  const { members, unmatched, unmatchedKeys } = snapshot;
  const { knownKeys, knownUnmatched } = materials;
  const counts = await countPlan(database, {
    ...matching,
    segments,
    tags,
    leavers: request.leavers,
    members,
    unmatched,
    knownUnmatched,
    newRows: await countNewRows(database, { unmatched: unmatchedKeys, segments, knownKeys }),
  });
  const chunks = await numberChanges(database, { tags, counts });
  await writeChanges(database, folder);
  await writeWarnings(database, { ...from, warnings: counts.warnings, into: join(folder, WARNINGS) });
  await writeContacts(database, { folder, request, snapshot: snapshot.rows });
  return { ...counts, ...(remains && { remains }), chunks: chunks.length, parts: packParts(chunks) };
}

/** Writes what settling needs: the profiles that are decided, and the contacts, with masks as texts of bits. */
async function writeContacts(
  database: Database,
  { folder, request, snapshot }: { folder: string; request: PlanRequest; snapshot: string },
): Promise<void> {
  const hashes = request.fields.map((match) => `s.${quoteName(hashColumn(match))}`);
  const masks = ['wanted', 'owned', 'ours', 'gained', 'lost'].map((mask) => `p.${mask}::VARCHAR AS ${mask}`);
  const facts = ['id', 'n', 'b', 'address', 'selected', 'known', 'uncertain', 'is_opted_out'];
  const columns = [
    ...facts,
    'upsert',
    'archive',
    'not_archived',
    'was_created',
    'decided',
    'class',
    'text',
    'since',
  ];
  await database.run(`
    COPY (
      SELECT d.key, a0 AS email, outcome, reason, attribute FROM ${snapshotProfiles(snapshot)} JOIN (
        SELECT n, key, 'invalid' AS outcome, rule AS reason, ${brokenAttribute(request)} AS attribute FROM profile WHERE rule IS NOT NULL
        UNION ALL
        SELECT n, key, 'duplicate', winner_key, NULL FROM duplicate) d USING (n)
    ) TO ${quoteText(join(folder, DECIDED))} (${COMPACT_ROWS});
    COPY (
      SELECT ${[...columns.map((column) => `p.${column}`), ...hashes, ...masks, 'd.keys AS duplicates'].join(', ')}
      FROM contact p JOIN seen s USING (id)
      LEFT JOIN (SELECT winner, list(key ORDER BY key) AS keys FROM duplicate GROUP BY winner) d ON d.winner = p.n
    ) TO ${quoteText(join(folder, CONTACTS))} (${COMPACT_ROWS})`);
}

async function checkWhole(database: Database, { selected }: Snapshot): Promise<void> {
  const { count } = await database.row<{ count: number }>('SELECT count(*) AS count FROM profile');
  if (count === selected) return;
  throw new ExportError(
    'STAGING_CORRUPT',
    `Nothing was sent: the snapshot has ${count} profiles where the source counted ${selected}. The staging store was changed, or this is a bug. Start a new export.`,
    { details: { count, selected } },
  );
}

export interface FoundBaseline {
  readonly document: BaselineDocument;
  readonly rows: string;
  /** Path of the keys that it knows besides; undefined in version 0.3.0. */
  readonly knownKeys: string | undefined;
  /** Path of its contacts that are not in the audience, as `writeGone` says; undefined in version 0.3.0. */
  readonly gone: string | undefined;
}

export function fileOf({ rows, document }: FoundBaseline): BaselineFile {
  return { rows, fields: document.fields, hasOrigins: document.hasOrigins === true };
}

/** The baseline that an export compares with, with the rows exposed that late writes may have changed. */
export async function findBaseline(
  store: StagingStore,
  ref: ExportRef,
  exportId: string | null,
): Promise<FoundBaseline | undefined> {
  if (exportId === null) return undefined;
  const of = { ...ref, exportId };
  const document = await readBaseline(store, of);
  if (!document) throw missing('baseline', exportId);
  const exposed = await readExposed(store, ref);
  const rows = await store.localFile(
    exposed ? inExport(ref, exposed.folder, BASELINE_ROWS) : inExport(of, document.folder, BASELINE_ROWS),
  );
  if (!rows) throw missing('baseline', exportId);
  return {
    document: { ...document, tags: { ...exposed?.tags, ...document.tags } },
    rows,
    knownKeys: await store.localFile(inExport(of, document.folder, KNOWN_KEYS)),
    gone: await store.localFile(inExport(of, document.folder, GONE_ROWS)),
  };
}

export async function findCensus(store: StagingStore, ref: ExportRef, name: string): Promise<string> {
  const document = await readDocument<{ folder: string }>(store, inExport(ref, name));
  const rows = document && (await store.localFile(inExport(ref, document.folder, CENSUS_ROWS)));
  if (rows) return rows;
  throw missing(name === CENSUS ? 'census' : 'list of opt-outs', ref.exportId);
}

function missing(what: string, exportId: string): ExportError {
  return new ExportError(
    'STAGING_CORRUPT',
    `Nothing was sent: the ${what} of the export ${exportId} is not in the staging store. Restore the store from a backup; ` +
      'without it, what earlier exports put into Mailchimp is not known.',
  );
}

function digest({ exportId }: ExportRef, counts: object): string {
  return createHash('sha256')
    .update(JSON.stringify([exportId, counts]))
    .digest('hex')
    .slice(0, 12);
}
