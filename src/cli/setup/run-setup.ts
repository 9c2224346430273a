import { readFile } from 'node:fs/promises';
import type { ExportClient } from '../../client';
import { DEFAULT_CONFIG_FILE } from '../../config/config-file';
import type { DestinationView } from '../../contract/destination-view';
import { ExportError, isOutage } from '../../errors';
import type { Invocation } from '../shell/invocation';
import { WentBack, type Prompts } from '../shell/prompts';
import { withAccountsOfDev } from '../shell/running-dev';
import { requireConfig } from '../shell/settings';
import { withClient, type ClientContext } from '../shell/temporal';
import { drive } from './drive';
import { exportAfterwards } from './export-afterwards';
import { saveDraft } from './save-draft';
import { STEPS } from './steps';
import type { Setup, SetupOptions } from './setup';

/** Where a destination is connected. */
export interface Temporal extends ClientContext {
  readonly client: ExportClient;
}

export async function runSetup(
  invocation: Invocation,
  destinationId: string | undefined,
  options: SetupOptions,
): Promise<number | undefined> {
  const { terminal, options: global } = invocation;
  const prompts = terminal.isTty && !global.json ? await terminal.prompts() : undefined;
  const opened = await openFile(invocation, options);
  const setup = { ...opened, invocation, options, destinationId, prompts, steps: STEPS };
  requireFlags({ ...setup, viewOf: async () => undefined });
  return withTemporal(setup, async (temporal) => {
    const fileOnly = temporal === undefined;
    const running = { ...setup, options: { ...options, fileOnly }, viewOf: viewOf(temporal?.client) };
    const draft = await drive(STEPS, running);
    const saved = await saveDraft(running, draft, temporal);
    return exportAfterwards(running, saved, temporal);
  });
}

type Opened = Pick<Setup, 'file' | 'accounts' | 'isDev'>;

async function openFile({ options, terminal }: Invocation, { source }: SetupOptions): Promise<Opened> {
  const loaded = await requireConfig(options).catch((error: unknown) => {
    if (error instanceof ExportError && error.code === 'CONFIG_UNREADABLE' && options.config === undefined)
      throw noSource(`There is no ${DEFAULT_CONFIG_FILE} in this folder`);
    throw error;
  });
  const { config, path, baseFolder } = loaded;
  // One that is named is perhaps a worker's: the step of the source says so.
  if (Object.keys(config.sources).length === 0 && source === undefined)
    throw noSource(`${path} has no source`);
  const { config: used } = await withAccountsOfDev({ config, baseFolder }, terminal);
  return {
    file: { path, baseFolder, text: await readFile(path, 'utf8'), config },
    accounts: used.accounts,
    isDev: used !== config,
  };
}

function noSource(what: string): ExportError {
  return new ExportError(
    'CONFIG_UNREADABLE',
    `${what}, so there is no data to connect yet. Describe your data first, for example: temporal-mailchimp init --profiles customers.csv`,
  );
}

/** All that is missing at once. @throws ends the command, for wrong usage */
function requireFlags(setup: Setup): void {
  if (setup.prompts) return;
  const missing = setup.steps.flatMap((step) => step.missing?.(setup) ?? []);
  if (missing.length === 0) return;
  setup.invocation.usageError(
    `there is no terminal to ask on, so these are needed too: ${missing.join(', ')}`,
  );
}

/** What the destination is now; a destination of the file may not be connected yet. Asked once. */
function viewOf(client: ExportClient | undefined): Setup['viewOf'] {
  const known = new Map<string, Promise<DestinationView | undefined>>();
  return (destinationId) => {
    const view = known.get(destinationId) ?? describe(client, destinationId);
    known.set(destinationId, view);
    return view;
  };
}

async function describe(
  client: ExportClient | undefined,
  destinationId: string,
): Promise<DestinationView | undefined> {
  try {
    return await client?.describe(destinationId);
  } catch (error) {
    const isNone =
      error instanceof ExportError && ['DESTINATION_NOT_FOUND', 'DESTINATION_REMOVED'].includes(error.code);
    if (isNone) return undefined;
    throw error;
  }
}

type Opening = Pick<Setup, 'invocation' | 'options' | 'prompts'>;

/** @param work undefined: only the file is written */
async function withTemporal<Result>(
  setup: Opening,
  work: (temporal: Temporal | undefined) => Promise<Result>,
): Promise<Result> {
  const { invocation, options, prompts } = setup;
  if (options.fileOnly) return work(undefined);
  for (;;) {
    let isAnswering = false;
    try {
      return await withClient(invocation, async (client, context) => {
        await context.requireWorker();
        isAnswering = true;
        return work({ client, ...context });
      });
    } catch (error) {
      if (isAnswering || !isOutage(error)) throw error;
      if (!prompts) throw withoutWorker(error);
      if (await isFileOnly(invocation, prompts, error)) return work(undefined);
    }
  }
}

const START =
  'Start one in a second terminal: temporal-mailchimp dev (everything on this machine, with a Mailchimp sandbox), or temporal-mailchimp worker.';

function withoutWorker({ code, message, details, cause }: ExportError): ExportError {
  const text = `${message}\n${START} To write only the file: --file-only.`;
  return new ExportError(code, text, { details, cause });
}

async function isFileOnly(invocation: Invocation, prompts: Prompts, error: ExportError): Promise<boolean> {
  invocation.terminal.err(`${error.message}\n${START}`);
  try {
    const choice = await prompts.choose({
      message: 'No worker answers',
      choices: [
        { value: 'again', label: 'Try again' },
        { value: 'file', label: 'Go on, and write only the configuration file' },
      ],
    });
    return choice === 'file';
  } catch (error_) {
    // There is no question before this one.
    if (error_ instanceof WentBack) return false;
    throw error_;
  }
}
