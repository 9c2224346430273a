import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { SegmentReport, Settlement, Tally } from '../../contract/report';
import type { Database } from '../../duckdb/database';
import type { StagingStore } from '../../ports/staging-store';
import { quoteText } from '../../duckdb/quote';
import { runOnce } from '../store/run-once';
import { attemptsByPart } from '../delivery/attempts';
import {
  BASELINE_ROWS,
  type BaselineDocument,
  CHANGES,
  CONTACTS,
  DECIDED,
  GONE_ROWS,
  KNOWN_KEYS,
  OUTCOMES,
  type PlanDocument,
  readPlan,
} from '../store/documents';
import { BASELINE, CENSUS, inExport, OPT_OUTS } from '../store/layout';
import { createMissing, writeGone } from '../plan/gone';
import { forgetLateWrites } from '../plan/exposed';
import { fileOf, type FoundBaseline, findBaseline, findCensus } from '../plan/plan';
import { requirePlan } from '../delivery/chunks';
import { listResults } from '../delivery/results';
import { localFiles, requireLocalFile } from '../store/sealed-files';
import { createParent, writeNextBaseline } from './baseline';
import { countSettlement } from './counts';
import { createContactResults, rank } from './row-results';
import { createOutcomes, writeOutcomes } from './outcomes';
import { readSnapshot } from '../plan/snapshot';
import { writeKnownKeys } from '../plan/unmatched';
import { type StepContext, withWorkspace } from '../store/workspace';

export interface Settling extends StepContext {
  /** The job that settles an earlier one, which was lost. Default: the export settles itself. */
  readonly by?: ExportRef;
}

/** @throws ExportError SUPERSEDED where a later job has begun: it settles what was sent, and nothing else has to be */
export async function settle(input: Settling, tally: Tally | null): Promise<Settlement | null> {
  const { store, ref, by } = input;
  const plan = await findPlan(input, tally);
  if (!plan) return null;
  const document = await runOnce<BaselineDocument>(store, ref, {
    step: 'settle',
    document: BASELINE,
    files: [OUTCOMES, BASELINE_ROWS, KNOWN_KEYS, GONE_ROWS],
    work: (folder) => makeSettlement(input, { plan, tally, folder }),
    by,
  });
  await forgetLateWrites(store, ref);
  return document.settlement;
}

/** An export with a tally had a plan: without its document nothing can be counted, which is not the same as nothing sent. */
function findPlan({ store, ref }: StepContext, tally: Tally | null): Promise<PlanDocument | undefined> {
  return tally ? requirePlan(store, ref) : readPlan(store, ref);
}

interface Materials {
  readonly plan: PlanDocument;
  readonly tally: Tally | null;
  readonly folder: string;
}

async function makeSettlement(
  { store, memoryLimit, ref, now, signal }: StepContext,
  { plan, tally, folder }: Materials,
): Promise<Omit<BaselineDocument, 'folder'>> {
  const parent = await findBaseline(store, ref, plan.request.baseline);
  const { rows: snapshot, selected: profiles, unmatchedKeys } = await readSnapshot(store, ref);
  const settledAt = now().toISOString();
  const ofPlan = (name: string) => requireLocalFile(store, inExport(ref, plan.folder, name));
  const resultsInput = {
    contacts: await ofPlan(CONTACTS),
    changes: await ofPlan(CHANGES),
    request: plan.request,
    tags: plan.tags,
    parts: plan.plan.parts,
    attempted: [...(await attemptsByPart(store, ref)).keys()],
    results: await resultPaths(store, ref),
  };
  const listed = await findCensus(store, ref, plan.census === ref.exportId ? CENSUS : OPT_OUTS);
  const next = {
    snapshot,
    fields: plan.request.fields,
    tags: plan.tags,
    parent: parent && { ...fileOf(parent), deadTags: deadTags(plan, parent) },
    listed,
    keepDeparted: plan.request.keepDeparted,
    isAnythingPlanned: plan.plan.parts.length > 0,
    settledAt,
    rejects: plan.request.rejects,
    into: folder,
  };
  const decided = await ofPlan(DECIDED);
  const allow = store.workFolder;
  const rows = profiles + (parent?.document.size ?? 0);
  return withWorkspace({ folder, memoryLimit, rows, allow, signal }, async (database) => {
    await createContactResults(database, resultsInput);
    await createOutcomes(database);
    await createParent(database, next);
    await writeOutcomes(database, { decided, fields: plan.request.fields, snapshot, into: folder });
    const counts = await countSettlement(database, plan, { outcomes: join(folder, OUTCOMES) });
    await writeNextBaseline(database, next);
    await createMissing(database, { gone: parent?.gone, listed });
    await writeGone(database, { listed, acknowledged: ACKNOWLEDGED, into: folder });
    const isDone = areDone(plan, counts.segments);
    await writeKnownKeys(database, {
      unmatched: unmatchedKeys,
      segments: plan.request.segments,
      knownKeys: parent?.knownKeys,
      snapshot,
      isDone,
      into: folder,
    });
    const counted = { folder, plan, parent };
    const { size, gone, tags } = await countBaseline(database, counted);
    const { selected, departed, readdressed, invalid, warnings } = plan.plan;
    return {
      exportId: ref.exportId,
      parent: plan.request.baseline,
      generation: (parent?.document.generation ?? 0) + 1,
      settledAt,
      fields: plan.request.fields.map(({ field }) => field.tag),
      tags,
      census: plan.census,
      ...respected(plan),
      size,
      hasOrigins: true,
      unmatched: knownUnmatched(plan, isDone, parent?.document.unmatched),
      settlement: {
        selected,
        departed,
        readdressed,
        ...counts,
        invalid,
        warnings,
        baselineSize: size - gone,
        gone,
        tally,
      },
    };
  });
}

/** What the plan has respected, and later exports compare with or show. */
function respected({
  suppressions,
  request: { rejects },
}: PlanDocument): Pick<BaselineDocument, 'suppressions' | 'rejects'> {
  return { ...(suppressions && { suppressions }), ...(rejects && { rejects }) };
}

async function resultPaths(store: StagingStore, ref: ExportRef) {
  const { lookups, parts, chunks } = await listResults(store, ref);
  const pathsOf = (sealed: readonly { readonly key: string }[]) =>
    localFiles(
      store,
      sealed.map(({ key }) => key),
    );
  return { lookups: await pathsOf(lookups), parts: await pathsOf(parts), chunks: await pathsOf(chunks) };
}

/** Leavers that keep the tag are leavers of the next export again, which then has to be held for the same rows. */
function areDone(
  { plan, request: { keepDeparted, limit } }: PlanDocument,
  segments: readonly SegmentReport[],
): readonly boolean[] {
  return plan.segments.map(
    ({ toUntag }, index) => !keepDeparted && limit === undefined && segments[index]?.untagged === toUntag,
  );
}

function knownUnmatched(
  { plan, request }: PlanDocument,
  isDone: readonly boolean[],
  before: BaselineDocument['unmatched'] = {},
): NonNullable<BaselineDocument['unmatched']> {
  // Before a removal, no membership is read.
  if (request.segments.length === 0) return before;
  const known = plan.segments.map(
    ({ segment, unmatched }, index) => [segment, isDone[index] ? unmatched : before[segment]] as const,
  );
  return Object.fromEntries(known.flatMap(([segment, rows]) => (rows ? [[segment, rows]] : [])));
}

/** Tags of the baseline that the plan left out, since they no longer exist. */
function deadTags({ tags }: PlanDocument, { document }: FoundBaseline): readonly number[] {
  const live = new Set(tags.map(({ tagId }) => tagId));
  return Object.keys(document.tags)
    .map(Number)
    .filter((tagId) => !live.has(tagId));
}

/** SQL: addresses of which Mailchimp has acknowledged an upsert, with the status in its reply. */
const ACKNOWLEDGED = `SELECT p.address, t.status FROM contact p JOIN contact_result t USING (id) WHERE t.upsert = ${rank('acknowledged')}`;

interface BaselineCounts {
  readonly size: number;
  /** Of these, known not to be in the audience. */
  readonly gone: number;
  readonly tags: BaselineDocument['tags'];
}

interface CountedBaseline {
  /** With the rows. */
  readonly folder: string;
  readonly plan: PlanDocument;
  readonly parent: FoundBaseline | undefined;
}

/** Addresses that carry a tag of ours, and those tags. */
async function countBaseline(
  database: Database,
  { folder, plan, parent }: CountedBaseline,
): Promise<BaselineCounts> {
  const from = `read_parquet(${quoteText(join(folder, BASELINE_ROWS))})`;
  const { size, carried } = await database.row<{ size: number; carried: readonly number[] }>(`
    WITH sets AS MATERIALIZED (SELECT tags, count(*) AS addresses FROM ${from} WHERE len(tags) > 0 GROUP BY tags)
    SELECT coalesce((SELECT sum(addresses) FROM sets), 0)::BIGINT AS size,
      coalesce((SELECT list(DISTINCT id ORDER BY id) FROM (SELECT unnest(tags) AS id FROM sets)), []) AS carried`);
  const { gone } = await database.row<{ gone: number }>(
    `SELECT count(*) AS gone FROM read_parquet(${quoteText(join(folder, GONE_ROWS))})`,
  );
  const known = {
    ...parent?.document.tags,
    ...Object.fromEntries(plan.tags.map(({ tagId, segment, name }) => [tagId, { segment, name }])),
  };
  return {
    size,
    gone,
    tags: Object.fromEntries(carried.flatMap((id) => (known[id] ? [[id, known[id]]] : []))),
  };
}
