import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isCollection, parseDocument, visit } from 'yaml';
import { ConfigSchema, type Config } from './config';
import { errorCode } from './error-code';
import { parse } from '../contract/parse';
import { ExportError } from '../errors';

export const DEFAULT_CONFIG_FILE = 'temporal-mailchimp.yaml';

export interface LoadedConfig {
  readonly config: Config;
  readonly path: string;
  /** Keys of the `temporal` section that the file sets; the others have their defaults. */
  readonly temporalKeys: ReadonlySet<string>;
  /** Folder of the file; relative paths in it are resolved against it. */
  readonly baseFolder: string;
}

/** @throws ExportError CONFIG_UNREADABLE, CONFIG_INVALID (names each invalid field by its path) */
export async function loadConfig(file = DEFAULT_CONFIG_FILE): Promise<LoadedConfig> {
  const path = resolve(file);
  const document = readYaml(await read(path), path);
  const config = parse(ConfigSchema, document, {
    what: `The configuration file ${path}`,
    code: 'CONFIG_INVALID',
  });
  const { temporal = {} } = document as { temporal?: object };
  return { config, path, temporalKeys: new Set(Object.keys(temporal)), baseFolder: dirname(path) };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ExportError(
      'CONFIG_UNREADABLE',
      `The configuration file ${path} could not be read (${errorCode(error)}). Name the file with --config, or run the command in its folder.`,
    );
  }
}

function readYaml(text: string, path: string): unknown {
  const document = parseDocument(text);
  // A warning means an unknown YAML tag, whose value would be read without it. The parser's own message is not used: it quotes the
  // line, which may contain a secret.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    const [start] = problem.linePos ?? [];
    throw invalid(path, `${start ? ` at line ${start.line}, column ${start.col}` : ''} (${problem.code})`);
  }
  // Made into a text, such a key would be in warnings and errors, with all that it contains.
  visit(document, {
    Pair: (_, { key }) => {
      if (isCollection(key)) throw invalid(path, ' (a key that is a list or a map)');
    },
  });
  try {
    return document.toJS() ?? {};
  } catch {
    throw invalid(path, ' (an alias without an anchor, or too many aliases)');
  }
}

function invalid(path: string, where: string): ExportError {
  return new ExportError(
    'CONFIG_INVALID',
    `The configuration file ${path} is not valid YAML${where}. Correct it.`,
  );
}
