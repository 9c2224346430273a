import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorCode } from './error-code';
import { ExportError } from '../errors';
import type { SecretResolver } from '../ports/secrets';

/** Whose variables an error names: a worker's error is read on another machine, that of a command where it ran. */
type Environment = 'the environment of the worker' | 'this environment';

/** Secrets of environment variables and files. @param baseFolder where relative paths of files start */
export function secretResolver(
  baseFolder: string,
  environment: Environment = 'the environment of the worker',
): SecretResolver {
  return { resolve: (reference) => resolveSecret(reference, baseFolder, environment) };
}

/**
 * Reads a secret by its reference (`env:NAME` or `file:PATH`, relative to `baseFolder`).
 * @throws ExportError SECRET_UNAVAILABLE, which names the reference and never contains the text
 */
export async function resolveSecret(
  reference: string,
  baseFolder: string,
  environment: Environment = 'this environment',
): Promise<string> {
  const [kind, name] = [
    reference.slice(0, reference.indexOf(':')),
    reference.slice(reference.indexOf(':') + 1),
  ];
  const text =
    kind === 'env' ? process.env[name] : await readSecretFile(resolve(baseFolder, name), reference);
  if (text !== undefined && text.trim() !== '') return text.trim();
  throw new ExportError(
    'SECRET_UNAVAILABLE',
    `The secret ${reference} is empty or not set in ${environment}. Set it and try again.`,
  );
}

async function readSecretFile(path: string, reference: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ExportError(
      'SECRET_UNAVAILABLE',
      `The secret ${reference} could not be read (${errorCode(error)}). Check the path and its permissions.`,
    );
  }
}
