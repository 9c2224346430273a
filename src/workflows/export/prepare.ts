import { CancellationScope, sleep } from '@temporalio/workflow';
import type { PlanExportInput, PlannedExport } from '../../activities/plan-export';
import type { Preflight, PreflightInput } from '../../activities/preflight';
import type { SnapshotSummary } from '../../activities/take-snapshot';
import type { ExportInput } from '../../contract/export';
import { compactConfiguration, named, unnamed } from '../../contract/compact';
import { needsSecondPerson } from '../../contract/second-person';
import type { CensusScope, ExportPlan, SegmentTag } from '../../contract/plan';
import { ExportError } from '../../errors';
import { backOffMs } from '../back-off';
import { DELETION_MS } from './batch-lane';
import { runStep } from './run-step';
import { newPart, publishAttributes, setPhase, type Run } from './run';

/** What an export does before it sends the first change. Creates the tags that are missing. */
export async function prepareExport(run: Run): Promise<ExportPlan> {
  const drained = await preflight(run, { baseline: run.input.baseline });
  const scope = censusScope(run);
  await useDrained(run, drained);
  return readAndPlan(run, { scope, missingTags: 'create' });
}

/** Claims the destination and checks it, when no write of an earlier export can still run. */
export async function prepareVerification(run: Run): Promise<void> {
  await useDrained(run, await preflight(run, { baseline: run.input.baseline }));
}

async function useDrained(run: Run, drained: Preflight['drained']): Promise<void> {
  if (drained) run.record.baseline = drained.baseline;
  else await drainEarlierWrites(run);
}

/** The same without changing anything at Mailchimp. */
export async function previewExport(run: Run): Promise<ExportPlan> {
  await preflight(run);
  return readAndPlan(run, { scope: censusScope(run), missingTags: 'assume' });
}

/** @param drain given by the first preflight of an export that may send; later ones check only */
export async function preflight(run: Run, drain?: PreflightInput['drain']): Promise<Preflight['drained']> {
  const { input } = run;
  const { ref, account, accountId, audience, configuration } = run.input;
  const checked = await runStep(run, 'mailchimp.preflight', {
    summary: 'Check account, audience, fields and tags',
    input: () => ({
      ref,
      account,
      accountId,
      audienceId: audience.id,
      configuration: compactConfiguration({ ...configuration, segments: withCreatedTags(run) }),
      ...(input.kind !== 'export' && { kind: input.kind }),
      ...(input.removal && { isRemoval: true as const }),
      ...undoOf(run),
      ...(drain && { drain }),
    }),
  });
  run.record.fields = checked.fields;
  run.record.segments = checked.segments.map(named);
  run.record.readsAtOnce = checked.readsAtOnce === true;
  if (checked.searchAttributes !== undefined) run.record.searchAttributes = checked.searchAttributes;
  publishAttributes(run);
  return checked.drained;
}

/** Nothing of an export that takes back no other is in its history. */
function undoOf({ input: { undo }, record }: Run): Pick<PreflightInput, 'undo'> {
  if (!undo) return {};
  const { exportId, number } = undo;
  return { undo: { exportId, number, baseline: record.baseline } };
}

const MAX_DRAIN_POLL_MS = 60_000;

/** What a job goes on without. */
interface Left {
  /** Writes that are no longer waited for, and may still be running. */
  readonly openWrites: number;
  /** Lost exports whose rows are gone. */
  readonly givenUp: number;
}

/** A write of an earlier export that has no answer may still be running: it must not arrive after the writes of this one. */
export async function drainEarlierWrites(run: Run): Promise<Left> {
  const { ref, account, baseline: original, forget } = run.input;
  const sinceMs = Date.now();
  const isTooLong = () => Date.now() - sinceMs > DELETION_MS;
  let hasCooledDown = false;
  for (let round = 1; ; round++) {
    const { state, waitMs, baseline, left, givenUp } = await runStep(run, 'mailchimp.drainEarlierWrites', {
      summary: 'Make sure that no write of an earlier export is still running',
      input: () => ({
        ref,
        account,
        baseline: original,
        hasCooledDown,
        isTooLong: isTooLong(),
        ...(forget && { forget }),
      }),
    });
    run.record.baseline = baseline;
    if (state === 'drained') return { openWrites: left ?? 0, givenUp: givenUp ?? 0 };
    const leastMs = Math.min(backOffMs(round), MAX_DRAIN_POLL_MS);
    const summary = 'A write of an earlier export may still be running at Mailchimp';
    await sleep(Math.max(waitMs, leastMs), { summary });
    hasCooledDown = state === 'cooling down';
  }
}

/** A tag that this export created is its own, whichever members carry it by now. */
function withCreatedTags({ input, record }: Run): ExportInput['configuration']['segments'] {
  const known = new Map(record.segments.map(({ segment, tagId }) => [segment, tagId]));
  return input.configuration.segments.map((configured) => {
    const created = known.get(configured.segment);
    return { ...configured, tagId: created ?? configured.tagId };
  });
}

/**
 * `full` without a baseline, after a tag was adopted or found by its name (other tools may have given it to members), and on request;
 * opt-outs are read each time. Decided by the first preflight: a later one already knows a found tag by its id.
 */
function censusScope({ input, record }: Run): CensusScope {
  // Nothing is added that could turn out to be of others.
  if (input.removal || input.undo) return 'optOuts';
  const hasAdopted = input.configuration.segments.some(({ isAdopted }) => isAdopted);
  const hasFound = record.segments.some(({ isFound }) => isFound);
  return input.baseline === null || hasAdopted || hasFound || input.options.census ? 'full' : 'optOuts';
}

type Planning = Pick<PlanExportInput, 'missingTags'> & { readonly scope: CensusScope };

async function readAndPlan(run: Run, { scope, missingTags }: Planning): Promise<ExportPlan> {
  const { unreadableLines, version } = await readBoth(run, scope);
  // Contacts that seem to have left a segment then keep their tags.
  const keepDeparted = unreadableLines > 0;
  const {
    ref,
    account,
    accountId,
    audience,
    source,
    configuration,
    options,
    statusIfNew,
    approved,
    removal,
    undo,
    undone,
  } = run.input;
  const leavers = undo ? 'archive' : (removal?.exported ?? configuration.leavers);
  const planned = await runStep(run, 'mailchimp.planExport', {
    summary: 'Work out what has changed',
    input: () => ({
      ref,
      account,
      audienceId: audience.id,
      accountId,
      guards: configuration.guards,
      options,
      missingTags,
      ...(approved && { approved }),
      ...(removal && { removal }),
      ...(needsSecondPerson(configuration) && { needsSecondPerson: true as const }),
      ...(undo && { undo }),
      ...(undone && { undone }),
      // An export without the permission to leave lines out would fail.
      ...(version !== undefined && !keepDeparted && { source: { name: source, version } }),
      request: {
        email: configuration.email,
        ...furtherMatching(configuration),
        fields: run.record.fields,
        segments: run.record.segments.map(unnamed),
        baseline: run.record.baseline,
        census: scope === 'full' ? ref.exportId : null,
        statusIfNew,
        strict: configuration.strict,
        optedOut: configuration.optedOut,
        latest: configuration.latest,
        ...(configuration.latestFormat && { latestFormat: configuration.latestFormat }),
        keepDeparted,
        ...(leavers && { leavers }),
        ...(configuration.rejects && { rejects: configuration.rejects }),
        ...(options.retryRefused && { retryRefused: true }),
        ...(options.limit !== undefined && { limit: options.limit }),
        ...(undo && { undo: { exportId: undo.exportId } }),
      },
    }),
  });
  const { record } = run;
  const { plan, guards } = planned;
  if (undo) requireUndo(plan);
  record.plan = plan;
  if (planned.version !== undefined) record.version = planned.version;
  record.segments = withTagIds(record.segments, planned);
  record.guards = guards;
  record.parts = plan.parts.map(newPart);
  return plan;
}

/** A worker of an earlier version, beside ours while a new one is rolled out, would plan an export of what the source says now. */
function requireUndo({ remains }: ExportPlan): void {
  if (remains) return;
  throw new ExportError(
    'STAGING_CORRUPT',
    'Nothing was sent: the undo was planned by a worker of an earlier version. Update all workers of this store, then take the export back again.',
  );
}

/** Reads the source while the audience is read. When one of the two fails, the other is cancelled. */
async function readBoth(run: Run, scope: CensusScope): Promise<SnapshotSummary> {
  if (!run.record.readsAtOnce) {
    await takeCensus(run, scope);
    setPhase(run, 'snapshot');
    return takeSnapshot(run);
  }
  return CancellationScope.cancellable(async () => {
    const snapshot = takeSnapshot(run);
    const census = takeCensus(run, scope);
    try {
      await Promise.race([snapshot, census]);
      // Shown while the audience is read, which takes longer.
      await census;
      setPhase(run, 'snapshot');
      return await snapshot;
    } catch (error) {
      CancellationScope.current().cancel();
      await Promise.allSettled([snapshot, census]);
      throw error;
    }
  });
}

/** With the ids of the tags that planning has created. */
function withTagIds(
  segments: readonly SegmentTag[],
  { tagIds, segments: ofEarlierVersion }: PlannedExport,
): readonly SegmentTag[] {
  if (!tagIds) return ofEarlierVersion ?? segments;
  return segments.map((segment, index) => ({ ...segment, tagId: tagIds[index] ?? null }));
}

async function takeCensus(run: Run, scope: CensusScope): Promise<void> {
  const { ref, account, audience } = run.input;
  await runStep(run, 'mailchimp.takeCensus', {
    summary: scope === 'full' ? 'Read the members of the audience' : 'Read which members have opted out',
    input: () => ({ ref, account, audienceId: audience.id, scope, baseline: run.record.baseline }),
  });
}

/** What few configurations have: nothing is in the history where it is not set. */
function furtherMatching({
  otherEmails,
  addOnlyIf,
  signup,
}: ExportInput['configuration']): Pick<PlanExportInput['request'], 'otherEmails' | 'addOnlyIf' | 'signup'> {
  return {
    ...(otherEmails && { otherEmails }),
    ...(addOnlyIf !== undefined && { addOnlyIf }),
    ...(signup && { signup }),
  };
}

async function takeSnapshot(run: Run): Promise<SnapshotSummary> {
  const { ref, source, configuration, options, removal, undo } = run.input;
  return runStep(run, 'mailchimp.takeSnapshot', {
    summary: undo
      ? 'Take the profiles of the export before'
      : removal
        ? 'Select nothing: the destination is removed'
        : 'Read the chosen segments of the source',
    input: () => ({
      ref,
      source,
      email: configuration.email,
      ...furtherMatching(configuration),
      ...(configuration.expressions && { expressions: configuration.expressions }),
      fields: run.record.fields,
      latest: configuration.latest,
      segments: configuration.segments.map(({ segment }) => segment),
      allowUnreadableLines: options.allowUnreadableLines,
      ...(removal && { isRemoval: true as const }),
      ...undoOf(run),
    }),
  });
}

/** Tags that were renamed in the configuration get their new names just before the first rows that use them are sent. */
export async function renameTags(run: Run): Promise<void> {
  const { ref, account, audience } = run.input;
  const tags = run.record.segments.flatMap(({ tagId, tag, isRenamed }) =>
    isRenamed && tagId !== null ? [{ id: tagId, name: tag }] : [],
  );
  if (tags.length === 0) return;
  await runStep(run, 'mailchimp.renameTags', {
    summary: 'Rename tags',
    input: () => ({ ref, account, audienceId: audience.id, tags }),
  });
}
