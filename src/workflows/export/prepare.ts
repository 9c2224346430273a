import { sleep } from '@temporalio/workflow';
import type { PlanExportInput, PlannedExport } from '../../activities/plan-export';
import type { Preflight, PreflightInput } from '../../activities/preflight';
import type { SnapshotSummary } from '../../activities/take-snapshot';
import type { ExportInput } from '../../contract/export';
import { compactConfiguration, named, unnamed } from '../../contract/compact';
import type { CensusScope, ExportPlan, SegmentTag } from '../../contract/plan';
import { backOffMs } from '../back-off';
import { DELETION_MS } from './batch-lane';
import { runStep } from './run-step';
import { newPart, type Run } from './run';

/** What an export does before it sends the first change. Creates the tags that are missing. */
export async function prepareExport(run: Run): Promise<ExportPlan> {
  const drained = await preflight(run, { baseline: run.input.baseline });
  const scope = censusScope(run);
  if (drained) run.record.baseline = drained.baseline;
  else await drainEarlierWrites(run);
  return readAndPlan(run, { scope, missingTags: 'create' });
}

/** The same without changing anything at Mailchimp. */
export async function previewExport(run: Run): Promise<ExportPlan> {
  await preflight(run);
  return readAndPlan(run, { scope: censusScope(run), missingTags: 'assume' });
}

/** @param drain given by the first preflight of an export that may send; later ones check only */
export async function preflight(run: Run, drain?: PreflightInput['drain']): Promise<Preflight['drained']> {
  const { ref, account, accountId, audience, configuration } = run.input;
  const checked = await runStep(run, 'mailchimp.preflight', {
    summary: 'Check account, audience, fields and tags',
    input: () => ({
      ref,
      account,
      accountId,
      audienceId: audience.id,
      configuration: compactConfiguration({ ...configuration, segments: withCreatedTags(run) }),
      ...(drain && { drain }),
    }),
  });
  run.record.fields = checked.fields;
  run.record.segments = checked.segments.map(named);
  return checked.drained;
}

const MAX_DRAIN_POLL_MS = 60_000;

/** A write of an earlier export that has no answer may still be running: it must not arrive after the writes of this one. */
async function drainEarlierWrites(run: Run): Promise<void> {
  const { ref, account, baseline: original } = run.input;
  const sinceMs = Date.now();
  let hasCooledDown = false;
  for (let round = 1; ; round++) {
    const isTooLong = Date.now() - sinceMs > DELETION_MS;
    const { state, waitMs, baseline } = await runStep(run, 'mailchimp.drainEarlierWrites', {
      summary: 'Make sure that no write of an earlier export is still running',
      input: () => ({ ref, account, baseline: original, hasCooledDown, isTooLong }),
    });
    run.record.baseline = baseline;
    if (state === 'drained') return;
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
  const hasAdopted = input.configuration.segments.some(({ isAdopted }) => isAdopted);
  const hasFound = record.segments.some(({ isFound }) => isFound);
  return input.baseline === null || hasAdopted || hasFound || input.options.census ? 'full' : 'optOuts';
}

type Planning = Pick<PlanExportInput, 'missingTags'> & { readonly scope: CensusScope };

async function readAndPlan(run: Run, { scope, missingTags }: Planning): Promise<ExportPlan> {
  // One after the other: each may take all of `staging.memoryLimit`.
  await takeCensus(run, scope);
  const { unreadableLines, version } = await takeSnapshot(run);
  // Contacts that seem to have left a segment then keep their tags.
  const keepDeparted = unreadableLines > 0;
  const { ref, account, audience, source, configuration, options, statusIfNew, approved } = run.input;
  const planned = await runStep(run, 'mailchimp.planExport', {
    summary: 'Work out what has changed',
    input: () => ({
      ref,
      account,
      audienceId: audience.id,
      guards: configuration.guards,
      options,
      missingTags,
      ...(approved && { approved }),
      // An export without the permission to leave lines out would fail.
      ...(version !== undefined && !keepDeparted && { source: { name: source, version } }),
      request: {
        email: configuration.email,
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
        ...(options.retryRefused && { retryRefused: true }),
        ...(options.limit !== undefined && { limit: options.limit }),
      },
    }),
  });
  const { record } = run;
  const { plan, guards } = planned;
  record.plan = plan;
  if (planned.version !== undefined) record.version = planned.version;
  record.segments = withTagIds(record.segments, planned);
  record.guards = guards;
  record.parts = plan.parts.map(newPart);
  return plan;
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

async function takeSnapshot(run: Run): Promise<SnapshotSummary> {
  const { ref, source, configuration, options } = run.input;
  return runStep(run, 'mailchimp.takeSnapshot', {
    summary: 'Read the chosen segments of the source',
    input: () => ({
      ref,
      source,
      email: configuration.email,
      fields: run.record.fields,
      latest: configuration.latest,
      segments: configuration.segments.map(({ segment }) => segment),
      allowUnreadableLines: options.allowUnreadableLines,
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
