import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, parse, resolve } from 'node:path';
import { ExportError } from '../../errors';
import { type DataFile, lookAt, MAGIC } from './data-file';

export interface FindOptions {
  /** Where relative paths start. */
  readonly baseFolder: string;
  /** Which table, for messages: `profiles`. */
  readonly what: string;
}

/**
 * The files of a table, sorted by path, each once. `*`, `?` and `[ab]` match within a name, `**` any folders;
 * names that start with a dot only match a pattern that does.
 *
 * @throws ExportError SOURCE_UNREADABLE when a path or pattern names no file, CONFIG_INVALID for what is no pattern
 */
export async function findFiles(
  patterns: string | readonly string[],
  options: FindOptions,
): Promise<DataFile[]> {
  return Promise.all((await findPaths(patterns, options)).map(lookAt));
}

/** Their absolute paths. Opens none of them. */
export async function findPaths(
  patterns: string | readonly string[],
  options: FindOptions,
): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of typeof patterns === 'string' ? [patterns] : patterns) {
    for (const path of await matches(pattern, options)) found.add(path);
  }
  return [...found].toSorted();
}

async function matches(pattern: string, { baseFolder, what }: FindOptions): Promise<string[]> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(pattern)) {
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `${what}: ${pattern} is not on this machine, and only local files can be read. Copy the files here first.`,
    );
  }
  const path = isAbsolute(pattern) ? pattern : join(resolve(baseFolder), pattern);
  const kind = await kindOf(path);
  // The path of an existing file means that file, even if it contains wildcards.
  if (kind === 'file') return [path];
  if (kind === 'folder') {
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `${what}: ${pattern} is a folder. Name its files, e.g. ${pattern}/*.csv.`,
    );
  }
  const files = MAGIC.test(pattern) ? await filesBelow(path, what) : [];
  if (files.length > 0) return files;
  throw new ExportError(
    'SOURCE_UNREADABLE',
    `${what}: there is no file ${pattern}${isAbsolute(pattern) ? '' : ` (looked for from ${resolve(baseFolder)})`}. Correct the path in the configuration or put the file there.`,
  );
}

async function filesBelow(pattern: string, what: string): Promise<string[]> {
  const { root } = parse(pattern);
  const steps = pattern.slice(root.length).split('/').filter(Boolean);
  // Also where no folder is there to be compared with.
  for (const step of steps) checkPattern(step, what);
  const paths = await walk(root, steps);
  const kinds = await Promise.all(paths.map(kindOf));
  return paths.filter((_, index) => kinds[index] === 'file');
}

async function walk(folder: string, steps: readonly string[]): Promise<string[]> {
  const [step, ...rest] = steps;
  if (step === undefined) return [folder];
  if (!MAGIC.test(step)) return walk(join(folder, step), rest);
  const entries = await readdir(folder, { withFileTypes: true }).catch(nothingThere);
  if (step === '**') {
    // Links are not followed here: they may form a circle.
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
    const below = await Promise.all(folders.map((entry) => walk(join(folder, entry.name), steps)));
    return [...(await walk(folder, rest)), ...below.flat()];
  }
  const expression = expressionOf(step);
  const names = entries.map((entry) => entry.name).filter((name) => expression.test(name));
  return (await Promise.all(names.map((name) => walk(join(folder, name), rest)))).flat();
}

/** @throws ExportError CONFIG_INVALID, e.g. for `[z-a]` */
function checkPattern(step: string, what: string): void {
  try {
    expressionOf(step);
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      `${what}: "${step}" is no pattern of file names: what is between brackets is a list of characters, such as [abc] or [a-c]. Correct the path in the configuration.`,
    );
  }
}

function expressionOf(step: string): RegExp {
  const body = step.replaceAll(/\[(!?)([^\]]+)\]|[\s\S]/gu, (part, not: string, set: string | undefined) => {
    if (set !== undefined) return `[${not && '^'}${set.replaceAll(/[\\^[]/g, String.raw`\$&`)}]`;
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[\\^$.+()[\]{}|/]/, String.raw`\$&`);
  });
  return new RegExp(`^${step.startsWith('.') ? '' : String.raw`(?!\.)`}${body}$`, 'su');
}

function nothingThere(error: NodeJS.ErrnoException): never[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw new ExportError(
    'SOURCE_UNREADABLE',
    `${error.path ?? 'A folder'} could not be listed (${error.code ?? 'unknown reason'}). Let the worker read the folder.`,
  );
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'nothing'> {
  try {
    const stats = await stat(path);
    return stats.isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}
