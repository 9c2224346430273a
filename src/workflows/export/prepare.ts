import { sleep } from '@temporalio/workflow';
import type { Preflight, PreflightInput } from '../../activities/preflight';
import type { ExportInput } from '../../contract/export';
import type { CensusScope, ExportPlan } from '../../contract/plan';
import { withRetry, waitWhilePaused } from './retry';
import { setPhase, newPart, type Run } from './run';

/** Everything before the first change is sent: checks, census, snapshot, plan. */
export async function prepare(run: Run): Promise<ExportPlan> {
  const { planOnly } = run.input.options;
  const drained = await preflight(run, planOnly ? undefined : { baseline: run.input.baseline });
  const scope = censusScope(run);
  if (drained) run.baseline = drained.baseline;
  else if (!planOnly) await drainEarlierWrites(run);
  await census(run, scope);
  const keepLeavers = await snapshot(run);
  await waitWhilePaused(run);
  setPhase(run, 'planning');
  const { ref, account, audience, configuration, options, approved } = run.input;
  const { plan, segments, guards, requests } = await withRetry(run, () =>
    run.steps.long['mailchimp.planExport'].executeWithOptions({ summary: 'Work out what has changed' }, [
      {
        ref,
        account,
        audienceId: audience.id,
        guards: configuration.guards,
        options,
        ...(approved && { approved }),
        request: {
          email: configuration.email,
          fields: run.fields,
          segments: run.segments,
          baseline: run.baseline,
          census: scope === 'full' ? ref.exportId : null,
          statusIfNew: run.input.statusIfNew,
          strict: configuration.strict,
          optedOut: configuration.optedOut,
          latest: configuration.latest,
          keepLeavers,
          ...(options.limit !== undefined && { limit: options.limit }),
        },
      },
    ]),
  );
  run.plan = plan;
  run.segments = segments;
  run.guards = guards;
  run.requests += requests;
  run.parts = plan.parts.map(newPart);
  return plan;
}

/** @param drain given by the first preflight of an export that may send; later ones check only */
export async function preflight(run: Run, drain?: PreflightInput['drain']): Promise<Preflight['drained']> {
  const { ref, account, accountId, audience, configuration } = run.input;
  const checked = await withRetry(run, () =>
    run.steps.short['mailchimp.preflight'].executeWithOptions(
      { summary: 'Check account, audience, fields and tags' },
      [
        {
          ref,
          account,
          accountId,
          audienceId: audience.id,
          configuration: { ...configuration, segments: withMadeTags(run) },
          ...(drain && { drain }),
        },
      ],
    ),
  );
  run.fields = checked.fields;
  run.segments = checked.segments;
  run.requests += checked.requests;
  return checked.drained;
}

/** What an earlier export has sent and nobody has read the answer of may still run: it must not come after what this one does. */
async function drainEarlierWrites(run: Run): Promise<void> {
  const { ref, account } = run.input;
  for (let hasCooledDown = false; ;) {
    const { state, waitMs, baseline, requests } = await withRetry(run, () =>
      run.steps.short['mailchimp.drainEarlierWrites'].executeWithOptions(
        { summary: 'Make sure that nothing of an earlier export runs any more' },
        [{ ref, account, baseline: run.input.baseline, hasCooledDown }],
      ),
    );
    run.requests += requests;
    run.baseline = baseline;
    if (state === 'drained') return;
    await sleep(waitMs, { summary: 'What an earlier export has sent may still run at Mailchimp' });
    hasCooledDown = state === 'cooling down';
  }
}

/** A tag that this export has made is its own, whoever carries it by now. */
function withMadeTags({ input, segments }: Run): ExportInput['configuration']['segments'] {
  return input.configuration.segments.map((configured) => {
    const made = segments.find(({ segment }) => segment === configured.segment)?.tagId;
    return { ...configured, tagId: made ?? configured.tagId };
  });
}

/** Tags that were renamed in the configuration, just before the first rows that name them are sent. */
export async function renameTags(run: Run): Promise<void> {
  const tags = run.segments.flatMap(({ tagId, tag, isRenamed }) =>
    isRenamed && tagId !== null ? [{ id: tagId, name: tag }] : [],
  );
  if (tags.length === 0) return;
  const { ref, account, audience } = run.input;
  const { requests } = await withRetry(run, async () => {
    await waitWhilePaused(run);
    return run.steps.short['mailchimp.renameTags'].executeWithOptions({ summary: 'Rename tags' }, [
      { ref, account, audienceId: audience.id, tags },
    ]);
  });
  run.requests += requests;
}

/**
 * Who was in the audience before us is read as long as there is no baseline, after a tag was taken over that others may have given, and
 * when asked for; who has opted out, every time. Decided by the first preflight: one that is repeated knows a found tag by its id already.
 */
function censusScope({ input, segments }: Run): CensusScope {
  const hasAdopted = input.configuration.segments.some(({ isAdopted }) => isAdopted);
  const hasFound = segments.some(({ isFound }) => isFound);
  return input.baseline === null || hasAdopted || hasFound || input.options.census ? 'full' : 'optOuts';
}

async function census(run: Run, scope: CensusScope): Promise<void> {
  const { ref, account, audience } = run.input;
  const summary = scope === 'full' ? 'Read who is in the audience' : 'Read who has opted out of the audience';
  await waitWhilePaused(run);
  setPhase(run, 'census');
  const { requests } = await withRetry(run, () =>
    run.steps.long['mailchimp.takeCensus'].executeWithOptions({ summary }, [
      { ref, account, audienceId: audience.id, scope, baseline: run.baseline },
    ]),
  );
  run.requests += requests;
}

async function snapshot(run: Run): Promise<boolean> {
  await waitWhilePaused(run);
  setPhase(run, 'snapshot');
  const { ref, source, configuration, options } = run.input;
  const { unreadableLines } = await withRetry(run, () =>
    run.steps.long['mailchimp.takeSnapshot'].executeWithOptions(
      { summary: 'Read the chosen segments of the source' },
      [
        {
          ref,
          source,
          email: configuration.email,
          fields: run.fields,
          latest: configuration.latest,
          segments: configuration.segments.map(({ segment }) => segment),
          allowUnreadableLines: options.allowUnreadableLines,
        },
      ],
    ),
  );
  return unreadableLines > 0;
}
