import type { Config } from '../../config/config';
import type { DestinationView } from '../../contract/destination-view';
import { ExportError } from '../../errors';
import { listOf } from '../../text/format';
import { configureWith, type Configured } from '../destination/configure';
import { connectWith, whyAsk } from '../destination/connect';
import { fieldsToCreate } from './check-matching';
import { fileWith } from './edits';
import { keepKey } from './keep-key';
import { replaceFile } from './replace-file';
import type { Temporal } from './run-setup';
import { answered, type Draft, type Setup } from './setup';

/** What the setup has done. */
export interface Saved {
  readonly destinationId: string;
  readonly path: string;
  /** Whether the file is another one now. */
  readonly isChanged: boolean;
  /** Tags of merge fields that were created. */
  readonly created: readonly string[];
  readonly config: Config;
  /** Undefined: only the file was written. */
  readonly view?: DestinationView;
  readonly schedule?: Configured['schedule'];
}

/**
 * Writes the answers. Each part is repeated without harm: merge fields that are there are found, and the file changes once, in one step.
 * @param temporal undefined: only the file is written
 */
export async function saveDraft(setup: Setup, draft: Draft, temporal: Temporal | undefined): Promise<Saved> {
  const { terminal } = setup.invocation;
  const destinationId = answered(draft, 'destinationId');
  const created = await createFields(draft);
  if (created.length > 0) terminal.err(`Created in the audience: ${listOf(created)}.`);
  if (draft.credential) await keepKey(draft.credential, setup.file.baseFolder);
  const text = fileWith(setup, draft);
  const parts = [`destinations.${destinationId}`, `accounts.${answered(draft, 'account')}`];
  const { config } = await replaceFile(setup.file, text, (at) =>
    parts.some((part) => at === part || at.startsWith(`${part}.`)),
  );
  const { path } = setup.file;
  const isChanged = text !== setup.file.text;
  terminal.err(isChanged ? `Wrote ${path}.` : `${path} stays as it is.`);
  const saved = { destinationId, path, isChanged, created, config };
  if (!temporal) return saved;
  try {
    return { ...saved, ...(await connect(setup, draft, { temporal, config })) };
  } catch (error) {
    throw isChanged ? withFile(error, path) : error;
  }
}

async function createFields(draft: Draft): Promise<readonly string[]> {
  const mailchimp = answered(draft, 'mailchimp');
  const created: string[] = [];
  for (const field of fieldsToCreate(draft)) {
    await mailchimp.createMergeField(answered(draft, 'audience').id, field);
    created.push(field.tag);
  }
  return created;
}

interface Connecting {
  readonly temporal: Temporal;
  /** As the file has it now. */
  readonly config: Config;
}

/** Consent that covers the settings is not given a second time, so that the same answers change nothing. */
async function connect(
  { invocation }: Setup,
  draft: Draft,
  { temporal, config }: Connecting,
): Promise<Configured> {
  const { client, isDev } = temporal;
  const destinationId = answered(draft, 'destinationId');
  const settings = { source: answered(draft, 'source'), statusIfNew: answered(draft, 'statusIfNew') };
  const agree = (await whyAsk(client, destinationId, settings)) !== undefined;
  const options = {
    ...(agree && { agree, as: answered(draft, 'agreedBy') }),
    exportUser: answered(draft, 'exportUser'),
  };
  await connectWith(invocation, client, { destinationId, config, options });
  return configureWith(client, { destinationId, config, isDev });
}

function withFile(error: unknown, path: string): unknown {
  if (!(error instanceof ExportError)) return error;
  const { code, message, details } = error;
  const text = `${message}\n${path} has the answers. To go on from there, repeat the command.`;
  return new ExportError(code, text, { cause: error, details });
}
