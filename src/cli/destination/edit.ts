import type { ExportClient } from '../../client';
import type { Config } from '../../config/config';
import { whyNotCovered } from '../../contract/destination';
import type { DestinationView } from '../../contract/destination-view';
import { isPlanned, type ExportReport } from '../../contract/report';
import { ExportError } from '../../errors';
import { sayWhereFileDiffers } from '../export/file-differs';
import { follow } from '../export/follow';
import { isConfirmed, nothingChanged, requireTerminal } from '../shell/confirm';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import type { Terminal } from '../shell/terminal';
import { changedLines, describeDifference } from '../text/difference';
import type { Page } from '../text/page';
import { printableOn } from '../text/printable';
import { describeReport } from '../text/report';
import { obtainConsent, type ConsentOptions } from './consent';
import { editedSettings, settingsText, type EditSource } from './edit-text';
import {
  describeScheduleChange,
  fileHasOther,
  ownSchedule,
  requireEditable,
  saveSchedule,
  type OwnSchedule,
} from './edited-schedule';
import { settingsOf, type EditedSettings } from './edited-settings';

interface EditOptions extends EditSource, ConsentOptions {
  readonly plan: boolean;
  readonly yes?: boolean;
}

const NEEDS_YES = 'edit needs --yes';

export async function editDestination(
  invocation: Invocation,
  destinationId: string,
  options: EditOptions,
): Promise<number | undefined> {
  const { terminal } = invocation;
  if (!options.yes) requireTerminal(invocation, NEEDS_YES);
  return withClient(invocation, async (client, { config }) => {
    const view = await client.describe(destinationId);
    const own = await ownSchedule(client, destinationId);
    const now = currentSettings(view, own);
    const next = await editedSettings(invocation, now, options);
    const [before, after] = [settingsText(now), settingsText(next)];
    const changes = changedLines(before, after);
    if (changes.length === 0) {
      print(invocation, {
        json: { destinationId, changes, plan: null },
        text: () => 'Nothing is different, so nothing was changed.',
      });
      return undefined;
    }
    requireEditable(destinationId, own, next.schedule);
    say(terminal, (page) => describeDifference({ before, after }, page));
    if (!isSame(now.schedule, next.schedule))
      say(terminal, () => describeScheduleChange({ now: now.schedule, next: next.schedule }));
    const plan = options.plan ? await planned(invocation, client, { view, now, next }) : undefined;
    if (plan) say(terminal, (page) => describeReport(plan, page));
    const question = `Save these settings of "${destinationId}"?`;
    if (!(await isConfirmed(invocation, { yes: options.yes, needs: NEEDS_YES }, question)))
      return nothingChanged(invocation);
    const saved = await save(invocation, client, { view, now, next, options, config });
    print(invocation, {
      json: { destinationId, changes, plan: plan ?? null, destination: saved },
      text: () =>
        `Saved the settings of "${destinationId}". Nothing was sent.\nNext: temporal-mailchimp export start ${destinationId}`,
    });
    await sayWhereFileDiffers(invocation, client, { destinationId, config });
    if (!isSame(now.schedule, next.schedule) && fileHasOther(config, destinationId, next.schedule))
      terminal.err(
        `The configuration file has another schedule for ${destinationId}. To use that of the file: temporal-mailchimp schedule sync ${destinationId}`,
      );
    return undefined;
  });
}

/** On standard error, where the question follows: the result is what was saved. */
function say(terminal: Terminal, describe: (page: Page) => string): void {
  const page = terminal.page('err');
  terminal.err(`${printableOn(page, describe(page))}\n`);
}

/** @throws ExportError NOT_CONFIGURED, DESTINATION_REMOVED */
function currentSettings(view: DestinationView, { settings: schedule }: OwnSchedule): EditedSettings {
  const { destinationId, phase, configuration } = view;
  if (phase === 'removed')
    throw new ExportError(
      'DESTINATION_REMOVED',
      `The destination ${destinationId} was removed. Connect it again to use it.`,
    );
  if (configuration) return { ...settingsOf(view, configuration), ...(schedule && { schedule }) };
  throw new ExportError(
    'NOT_CONFIGURED',
    `The destination ${destinationId} has no settings to edit yet. Configure it: temporal-mailchimp destination configure ${destinationId}`,
  );
}

interface Edit {
  readonly view: DestinationView;
  readonly now: EditedSettings;
  readonly next: EditedSettings;
}

/**
 * What an export with the new settings would do; undefined where they change nothing that an export does.
 * @throws ExportError as `configure` would, and the reason of a plan that failed
 */
async function planned(
  invocation: Invocation,
  client: ExportClient,
  { view, now, next }: Edit,
): Promise<ExportReport | undefined> {
  const { configure } = next;
  const { statusIfNew } = next.connect;
  if (isSame(now.configure, configure) && now.connect.statusIfNew === statusIfNew) return undefined;
  const handle = await client.plan(view.destinationId, {
    trigger: 'edit on the command line',
    proposal: { configure, statusIfNew },
  });
  const followed = await follow(invocation, { client, handle, until: 'held or stopped' });
  if (followed.at === 'report' && isPlanned(followed.report)) return followed.report;
  const failure = followed.at === 'report' ? followed.report.failure : undefined;
  throw new ExportError(
    failure?.code ?? 'DESTINATION_BUSY',
    `Nothing was saved: the plan with the new settings has not ended (${failure?.message ?? 'it waits for a person'}). ` +
      `Without a plan: --no-plan. To see it: temporal-mailchimp export list ${view.destinationId}`,
  );
}

/**
 * The configuration first: it can be put back, while another `statusIfNew` would need a consent of its own. A process that dies in between leaves
 * the new configuration; the same command then saves the rest.
 * @throws ExportError INPUT_INVALID where another person was faster; as `configure` and `connect`, with nothing saved unless the message says so
 */
async function save(
  invocation: Invocation,
  client: ExportClient,
  {
    view,
    now,
    next,
    options,
    config,
  }: Edit & { readonly options: EditOptions; readonly config: Config | undefined },
): Promise<DestinationView> {
  const { destinationId } = view;
  const consent = await consentFor(invocation, view, { next, options });
  const present = currentSettings(
    await client.describe(destinationId),
    await ownSchedule(client, destinationId),
  );
  if (!isSame(present, now)) {
    throw new ExportError(
      'INPUT_INVALID',
      `Nothing was saved: the settings of ${destinationId} were changed after they were read. Edit them once more.`,
    );
  }
  const saved = await saveSettings(client, { view, now, next, consent });
  // The last one, since it may start what the others are for.
  if (!isSame(now.schedule, next.schedule))
    await saveSchedule(client, destinationId, { now: now.schedule, next: next.schedule, config });
  return saved;
}

async function saveSettings(
  client: ExportClient,
  { view, now, next, consent }: Edit & { readonly consent: Awaited<ReturnType<typeof consentFor>> },
): Promise<DestinationView> {
  const { destinationId, account, audience, source } = view;
  const isConfigured = !isSame(now.configure, next.configure);
  const configured = isConfigured ? await client.configure(destinationId, next.configure) : view;
  if (isSame(now.connect, next.connect) && !consent) return configured;
  const settings = { ...next.connect, account, audienceId: audience.id, source };
  try {
    return await client.connect(destinationId, { ...settings, ...(consent && { consent }) });
  } catch (error) {
    if (isConfigured && error instanceof ExportError)
      throw await putBack(client, { destinationId, now, error });
    throw error;
  }
}

interface Unsaved {
  readonly destinationId: string;
  readonly now: EditedSettings;
  readonly error: ExportError;
}

/** @returns the error to throw, which says what is saved */
async function putBack(client: ExportClient, { destinationId, now, error }: Unsaved): Promise<ExportError> {
  const { code, message, details } = error;
  const isBack = await client.configure(destinationId, now.configure).then(
    () => true,
    () => false,
  );
  const saved = isBack
    ? 'Nothing was saved: the settings under "configure" are as they were.'
    : 'The settings under "configure" are saved, those under "connect" are not. Repeat the command to save the rest.';
  return new ExportError(code, `${message}\n${saved}`, { cause: error, details });
}

/** Another `statusIfNew` is about other people than those who were agreed to. */
async function consentFor(
  invocation: Invocation,
  view: DestinationView,
  { next, options }: { readonly next: EditedSettings; readonly options: EditOptions },
) {
  const { statusIfNew } = next.connect;
  if (statusIfNew === view.statusIfNew) return undefined;
  const why = whyNotCovered(view, { source: view.source, statusIfNew });
  return why === undefined ? undefined : obtainConsent(invocation, options, why);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
