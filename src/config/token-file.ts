import type { Stats } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ExportError } from '../errors';
import { errorCode } from './error-code';
import { writeWhole } from './write-whole';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** Rights of group and others: to read the file, or to replace it in its folder. */
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/**
 * The file that a sign-in writes.
 * @throws ExportError CONFIG_INVALID for a reference that is no file: the program sets no variables and knows no secret manager
 */
export function tokenPath(reference: string, baseFolder: string): string {
  if (reference.startsWith('file:')) return resolve(baseFolder, reference.slice('file:'.length));
  throw new ExportError(
    'CONFIG_INVALID',
    `The token of a sign-in is written to a file, and oauth.token is "${reference}". Set it to file:PATH, for example file:.temporal-mailchimp/tokens/main.`,
  );
}

/**
 * For a token of this user's that lies in a file.
 * @throws ExportError CONFIG_INVALID where other users can read it
 */
export async function requirePrivateToken(reference: string, baseFolder: string): Promise<void> {
  if (!reference.startsWith('file:')) return;
  const path = tokenPath(reference, baseFolder);
  const found = await statIfThere(path);
  // What belongs to another user is mounted, and not written by a sign-in.
  if (!found || found.uid !== process.getuid?.() || (found.mode & OTHERS) === 0) return;
  throw new ExportError(
    'CONFIG_INVALID',
    `The token in ${path} can be read by other users of this machine, who could use the Mailchimp account. Run chmod 600 on it.`,
  );
}

/**
 * Refuses a folder in which others could replace the token. One that is not there is made later, for this user only.
 * @throws ExportError CONFIG_INVALID
 */
export async function requirePrivateFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const found = await statIfThere(folder);
  const user = process.getuid?.();
  if (!found || user === undefined) return;
  const isForeign = found.uid !== user;
  if (!isForeign && (found.mode & OTHERS_WRITE) === 0) return;
  throw new ExportError(
    'CONFIG_INVALID',
    `The folder ${folder} for the token ${isForeign ? `belongs to another user (id ${found.uid}; this process has ${user})` : 'can be written by other users'}. ` +
      `Let oauth.token name a file in a folder of your own${isForeign ? '' : ', or run chmod go-w on it'}.`,
  );
}

/**
 * Writes the token; a worker reads the old one or the new one, never half of one.
 * @throws ExportError SECRET_UNAVAILABLE where it cannot be written
 */
export async function saveToken(path: string, token: string): Promise<void> {
  await requirePrivateFolder(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    await writeWhole(path, `${token}\n`, { mode: FILE_MODE });
  } catch (error) {
    throw new ExportError(
      'SECRET_UNAVAILABLE',
      `The token could not be written to ${path} (${errorCode(error)}). Check oauth.token and the rights of its folder.`,
    );
  }
}

/** @returns whether there was one */
export async function deleteToken(path: string): Promise<boolean> {
  const isThere = (await statIfThere(path)) !== undefined;
  await rm(path, { force: true });
  return isThere;
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new ExportError(
      'SECRET_UNAVAILABLE',
      `${path} could not be read (${errorCode(error)}). Check oauth.token and the rights of its folder.`,
    );
  }
}
