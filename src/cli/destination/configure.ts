import type { Config } from '../../config/config';
import { ConfigureInputSchema, type ConfigureInput } from '../../contract/destination';
import type { DestinationView } from '../../contract/destination-view';
import { ExportError } from '../../errors';
import type { ExportClient, SyncedSchedule } from '../../client';
import { syncSchedule } from '../schedule/sync';
import { parseOptions } from '../shell/parse-options';
import { print, type Invocation } from '../shell/invocation';
import { withClient, type ClientContext } from '../shell/temporal';
import { describeConfiguration } from '../text/destination';
import { explainEarlierFile } from './earlier-file';
import { parseFieldFlag, parseSegmentFlag } from './matching-flags';

interface ConfigureOptions {
  readonly email?: string;
  readonly field?: readonly string[];
  readonly segment?: readonly string[];
  readonly adoptTags?: boolean;
}

export async function configureDestination(
  invocation: Invocation,
  destinationId: string,
  options: ConfigureOptions,
): Promise<undefined> {
  const fields = Object.fromEntries((options.field ?? []).map((text) => parseFieldFlag(invocation, text)));
  const segments = Object.fromEntries((options.segment ?? []).map(parseSegmentFlag));
  await withClient(invocation, async (client, { config, isDev }) => {
    const input = mergeConfiguration(destinationId, config?.destinations[destinationId], {
      ...options,
      fields,
      segments,
    });
    const { view, schedule } = await configureWith(client, { destinationId, config, isDev, input });
    print(invocation, {
      json: { ...view, schedule: schedule ?? 'none' },
      text: (page) => `${describeConfiguration(view, page)}${describeSync(destinationId, schedule)}`,
    });
  });
}

interface Configuring extends Pick<ClientContext, 'config' | 'isDev'> {
  readonly destinationId: string;
  /** Default: what the file has. */
  readonly input?: ConfigureInput;
}

export interface Configured {
  readonly view: DestinationView;
  readonly schedule: SyncedSchedule['result'] | undefined;
}

/** Configures a destination, and makes its schedule match the file. */
export async function configureWith(
  client: ExportClient,
  { destinationId, config, isDev, input: given }: Configuring,
): Promise<Configured> {
  const inFile = config?.destinations[destinationId];
  const input = given ?? mergeConfiguration(destinationId, inFile, { fields: {}, segments: {} });
  const configured = explainEarlierFile(client.configure(destinationId, input), config, {
    ...inFile?.connect,
    segments: Object.keys(input.segments),
  });
  const view = await explainSandbox(configured, { destinationId, isDev });
  return { view, schedule: await syncConfigured(client, config, destinationId) };
}

/** The destination is configured by then, which an error must not hide. */
async function syncConfigured(...args: Parameters<typeof syncSchedule>): ReturnType<typeof syncSchedule> {
  try {
    return await syncSchedule(...args);
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    const { code, message, details } = error;
    const sentence = `The destination "${args[2]}" was configured. Its schedule was not: ${message}`;
    throw new ExportError(code, sentence, { cause: error, details });
  }
}

/** Only of a file that has a schedule for it, or had one. */
export function describeSync(destinationId: string, result: SyncedSchedule['result'] | undefined): string {
  if (result === undefined || result === 'none' || result === 'kept') return '';
  if (result === 'deleted') return '\nIts schedule was deleted, since the file has none for it.';
  return `\nIts schedule, as in the file: temporal-mailchimp schedule show ${destinationId}`;
}

/** The worker of `dev` does not know that its Mailchimp is a sandbox, which has no pages to add a field on. */
async function explainSandbox<Result>(
  request: Promise<Result>,
  { destinationId, isDev }: { readonly destinationId: string } & Pick<ClientContext, 'isDev'>,
): Promise<Result> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof ExportError) || error.code !== 'MERGE_FIELD_NOT_FOUND' || !(await isDev()))
      throw error;
    const { code, message, details } = error;
    const reason =
      'Here, Mailchimp is the sandbox of dev: it gets the merge fields of the configuration file when dev starts. ' +
      `Write them into destinations.${destinationId}.configure.fields, then stop dev and start it again.`;
    throw new ExportError(code, `${message}\n${reason}`, { cause: error, details });
  }
}

interface ParsedOptions extends ConfigureOptions {
  readonly fields: Readonly<Record<string, string>>;
  readonly segments: Readonly<Record<string, string | null>>;
}

function mergeConfiguration(
  destinationId: string,
  destination: Config['destinations'][string] | undefined,
  { email, fields, segments, adoptTags }: ParsedOptions,
): ConfigureInput {
  const inFile = destination?.configure;
  const merged = {
    ...inFile,
    ...(email !== undefined && { email }),
    ...(adoptTags !== undefined && { adoptTags }),
    fields: { ...inFile?.fields, ...fields },
    segments: { ...inFile?.segments, ...segments },
  };
  if (Object.keys(merged.segments).length === 0) {
    throw new ExportError(
      'INPUT_INVALID',
      'No segment was chosen. Add segments to the configuration file or pass --segment; temporal-mailchimp source segments lists them.',
    );
  }
  return parseOptions(ConfigureInputSchema, merged, {
    what: `The destination "${destinationId}" was not configured`,
    options: { email: '--email', fields: '--field', segments: '--segment' },
    section: `destinations.${destinationId}.configure`,
  });
}
