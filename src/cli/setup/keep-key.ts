import { chmod, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode } from '../../config/error-code';
import { writeWhole } from '../../config/write-whole';
import { ExportError } from '../../errors';
import type { Credential } from './setup';

/** Beside the configuration file. */
export const DEFAULT_FOLDER_OF_KEYS = '.temporal-mailchimp/keys';

/**
 * Writes a typed key into the file of its reference, which only the user can read. Repeated, it replaces it.
 * @throws ExportError SECRET_UNAVAILABLE where it cannot be written
 */
export async function keepKey({ reference, typed }: Credential, baseFolder: string): Promise<void> {
  if (typed === undefined) return;
  const path = resolve(baseFolder, reference.slice('file:'.length));
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await writeWhole(path, `${typed}\n`, { mode: 0o600 });
  } catch (error) {
    throw new ExportError(
      'SECRET_UNAVAILABLE',
      `The API key could not be written to ${path} (${errorCode(error)}). Check the rights of its folder, or name the key with --api-key env:VARIABLE.`,
    );
  }
}
