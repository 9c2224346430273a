import type { StartedExportHandle } from '../../client';
import { follow, printFollowed, type Followed } from '../export/follow';
import { describeSync } from '../destination/configure';
import { EXIT_REFUSED } from '../shell/failure';
import { print } from '../shell/invocation';
import { WentBack } from '../shell/prompts';
import { Interrupted } from '../shell/terminal';
import { userName } from '../shell/user-name';
import type { Setup } from './setup';
import type { Saved } from './save-draft';
import type { Temporal } from './run-setup';

/** Prints what was saved; then the plan, and the export if one is wanted, each followed to its end. @returns the exit code */
export async function exportAfterwards(
  setup: Setup,
  saved: Saved,
  temporal: Temporal | undefined,
): Promise<number | undefined> {
  const { invocation, options } = setup;
  const isJson = invocation.options.json === true;
  if (!isJson) printSaved(setup, saved);
  const plan = temporal && options.plan ? await planNow(setup, saved, temporal) : undefined;
  let code = plan && !isJson ? printFollowed(invocation, plan, {}) : undefined;
  const isExported = temporal && isPlanned(plan) && (await isExportWanted(setup, saved));
  const exported = isExported ? await exportNow(setup, saved, temporal) : undefined;
  if (exported && !isJson) code = printFollowed(invocation, exported, {});
  if (!isJson) return code;
  print(invocation, { json: toJson(saved, plan, exported), text: () => '' });
  return [plan, exported].some((followed) => followed && !isGood(followed)) ? EXIT_REFUSED : undefined;
}

function printSaved({ invocation }: Setup, { destinationId, view, schedule, path }: Saved): void {
  print(invocation, {
    json: {},
    text: () =>
      view
        ? `Connected "${destinationId}" to the audience ${view.audience.name} (${view.audience.id}), and configured it. Nothing was sent.${describeSync(destinationId, schedule)}`
        : `${path} has the destination "${destinationId}". It is not connected. When a worker runs:\n\n` +
          `temporal-mailchimp destination connect ${destinationId}\ntemporal-mailchimp destination configure ${destinationId}`,
  });
}

function toJson(saved: Saved, plan: Followed | undefined, exported: Followed | undefined) {
  const { destinationId, path, isChanged, created, view, schedule } = saved;
  return {
    destinationId,
    file: { path, isChanged },
    createdFields: created,
    destination: view ?? null,
    schedule: schedule ?? 'none',
    plan: plan ? documentOf(plan) : null,
    export: exported ? documentOf(exported) : null,
  };
}

function documentOf(followed: Followed): unknown {
  if (followed.at === 'report') return followed.report;
  return followed.at === 'state' ? followed.view : followed;
}

function isGood(followed: Followed): boolean {
  return followed.at === 'report' && ['planned', 'completed'].includes(followed.report.status);
}

/** Without a plan, an export that is asked for is started all the more. */
function isPlanned(plan: Followed | undefined): boolean {
  return plan === undefined || isGood(plan);
}

async function isExportWanted(
  { invocation, options, prompts }: Setup,
  { destinationId }: Saved,
): Promise<boolean> {
  if (options.export !== undefined || !prompts) return options.export ?? false;
  const isWanted = await prompts
    .confirm({ message: `Export "${destinationId}" now?`, initial: false })
    .catch((error: unknown) => {
      // All is saved by now, so these keys mean no.
      if (error instanceof WentBack || error instanceof Interrupted) return false;
      throw error;
    });
  if (!isWanted) invocation.terminal.err(`To export it: temporal-mailchimp export start ${destinationId}`);
  return isWanted;
}

async function planNow(setup: Setup, { destinationId }: Saved, { client }: Temporal): Promise<Followed> {
  const handle = await client.plan(destinationId, { trigger: 'setup' });
  setup.invocation.terminal.err(`\nPlanning an export of "${destinationId}": the numbers, without sending.`);
  return followTo(setup, client, handle);
}

async function exportNow(setup: Setup, { destinationId }: Saved, { client }: Temporal): Promise<Followed> {
  const { as: by = userName() } = setup.options;
  const handle = await client.start(destinationId, { trigger: 'setup', ...(by !== undefined && { by }) });
  setup.invocation.terminal.err(`Export ${handle.number} of "${destinationId}" has started (${handle.id}).`);
  return followTo(setup, client, handle);
}

function followTo(
  { invocation }: Setup,
  client: Temporal['client'],
  handle: StartedExportHandle,
): Promise<Followed> {
  return follow(invocation, { client, handle, until: 'held or stopped' });
}
