import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { errorCode } from '../../config/error-code';
import { parse } from '../../contract/parse';
import { ExportError } from '../../errors';
import { lazy } from '../lazy';
import { requireTerminal } from '../shell/confirm';
import type { Invocation } from '../shell/invocation';
import { readGiven } from '../shell/read-given';
import { EditedSettingsSchema, type EditedSettings } from './edited-settings';

/** How the new settings are given. Without any of these, an editor opens. */
export interface EditSource {
  readonly set?: readonly string[];
  readonly unset?: readonly string[];
  readonly file?: string;
}

/** As a person edits them, and as they are compared. */
export function settingsText(settings: EditedSettings): string {
  return stringify(settings);
}

/** @throws ExportError INPUT_INVALID, which names each wrong field */
export async function editedSettings(
  invocation: Invocation,
  now: EditedSettings,
  { set = [], unset = [], file }: EditSource,
): Promise<EditedSettings> {
  if (file !== undefined && set.length + unset.length > 0)
    invocation.usageError('--file replaces all settings, so --set and --unset exclude it');
  if (file !== undefined) return toSettings(await readGiven(file));
  if (set.length + unset.length > 0) return withChanges(invocation, now, { set, unset });
  requireTerminal(invocation, 'edit needs --set, --unset or --file');
  return toSettings(await inEditor(settingsText(now)));
}

function withChanges(
  { usageError }: Invocation,
  now: EditedSettings,
  { set, unset }: Required<Pick<EditSource, 'set' | 'unset'>>,
): EditedSettings {
  const document = parseDocument(settingsText(now));
  for (const text of set) {
    const at = text.indexOf('=');
    if (at < 1) return usageError(`--set takes PATH=VALUE, for example connect.name=News, not "${text}"`);
    document.setIn(text.slice(0, at).split('.'), readYaml(text.slice(at + 1)));
  }
  for (const path of unset) document.deleteIn(path.split('.'));
  return toSettings(String(document));
}

function toSettings(text: string): EditedSettings {
  return parse(EditedSettingsSchema, readYaml(text), { what: 'The edited destination' });
}

function readYaml(text: string): unknown {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (!problem) return document.toJS();
  const [start] = problem.linePos ?? [];
  throw new ExportError(
    'INPUT_INVALID',
    `The new settings are not valid YAML${start ? ` at line ${start.line}, column ${start.col}` : ''} (${problem.code}). Nothing was changed.`,
  );
}

const HEADER =
  '# Settings of the destination. Save and close the editor to see the difference; nothing changes before you agree.\n';

/** In a folder of its own, which only this user can read, and which is gone after a signal too. */
async function inEditor(text: string): Promise<string> {
  return lazy.reading().withTemporaryFolder(async (folder) => {
    const path = join(folder, 'destination.yaml');
    await writeFile(path, HEADER + text, { mode: 0o600 });
    await openEditor(path);
    return readFile(path, 'utf8');
  });
}

async function openEditor(path: string): Promise<void> {
  const editor = process.env['VISUAL'] ?? process.env['EDITOR'] ?? 'vi';
  // It may have arguments, as in "code --wait".
  const [command = 'vi', ...args] = editor.trim().split(/\s+/);
  const child = spawn(command, [...args, path], { stdio: 'inherit' });
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code === 0) return;
    throw new ExportError(
      'INPUT_INVALID',
      `The editor (${editor}) ended with an error. Nothing was changed.`,
    );
  } catch (error) {
    if (error instanceof ExportError) throw error;
    throw new ExportError(
      'INPUT_INVALID',
      `The editor "${editor}" could not be started (${errorCode(error)}). Set EDITOR, or use --set or --file. Nothing was changed.`,
    );
  }
}
