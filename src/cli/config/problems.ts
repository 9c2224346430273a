import type { Config } from '../../config/config';
import { resolveSecret } from '../../config/secrets';
import { ExportError } from '../../errors';
import { lazy } from '../lazy';

export interface ConfigProblem {
  /** Path in the file, e.g. `sources.shop.segments.vip`. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
}

/** All that the schema cannot check: references between sections, secrets, files with their columns, and SQL. */
export async function findConfigProblems(config: Config, baseFolder: string): Promise<ConfigProblem[]> {
  const problems = [...danglingReferences(config), ...(await unresolvedSecrets(config, baseFolder))];
  for (const name of Object.keys(config.sources)) {
    const { found, attributes } = await inspect(config, { name, baseFolder });
    problems.push(...found);
    if (attributes) problems.push(...unknownAttributes(config, name, attributes));
  }
  return problems;
}

function danglingReferences({ accounts, sources, destinations }: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (at: string, message: string) => problems.push({ at, code: 'CONFIG_INVALID', message });
  for (const [name, { connect, configure }] of Object.entries(destinations)) {
    const at = `destinations.${name}`;
    if (!Object.hasOwn(accounts, connect.account))
      add(`${at}.connect.account`, `there is no account "${connect.account}"`);
    const source = Object.hasOwn(sources, connect.source) ? sources[connect.source] : undefined;
    if (!source) add(`${at}.connect.source`, `there is no source "${connect.source}"`);
    for (const segment of Object.keys(configure?.segments ?? {})) {
      if (source && !Object.hasOwn(source.segments, segment))
        add(`${at}.configure.segments`, `the source "${connect.source}" has no segment "${segment}"`);
    }
  }
  return problems;
}

async function unresolvedSecrets(
  { accounts, temporal }: Config,
  baseFolder: string,
): Promise<ConfigProblem[]> {
  const references = Object.entries(accounts).map(([name, { apiKey }]) => ({
    at: `accounts.${name}.apiKey`,
    apiKey,
  }));
  if (temporal.apiKey !== undefined) references.push({ at: 'temporal.apiKey', apiKey: temporal.apiKey });
  const problems: ConfigProblem[] = [];
  for (const { at, apiKey } of references) {
    await resolveSecret(apiKey, baseFolder).catch((error: unknown) => problems.push(toProblem(at, error)));
  }
  return problems;
}

interface Inspected {
  readonly found: readonly ConfigProblem[];
  /** Undefined where they cannot be read. */
  readonly attributes?: readonly string[];
}

async function inspect(
  config: Config,
  source: { readonly name: string; readonly baseFolder: string },
): Promise<Inspected> {
  const at = `sources.${source.name}`;
  try {
    return await lazy.reading().withSource(config, source, async (opened) => {
      const problems = await opened.findProblems();
      const found = problems.map((problem) => toProblem(`${at}.${problem.at}`, problem.error));
      if (problems.some((problem) => problem.at === 'profiles')) return { found };
      return { found, attributes: (await opened.describe()).attributes };
    });
  } catch (error) {
    return { found: [toProblem(at, error)] };
  }
}

function unknownAttributes(
  { destinations }: Config,
  source: string,
  attributes: readonly string[],
): ConfigProblem[] {
  return Object.entries(destinations).flatMap(([name, { connect, configure }]) => {
    // NDJSON without a row names no columns.
    if (connect.source !== source || !configure || attributes.length === 0) return [];
    const at = `destinations.${name}.configure`;
    const used: (readonly [string, string | undefined])[] = [
      [`${at}.email`, configure.email],
      [`${at}.latest`, configure.latest],
      ...Object.entries(configure.fields).map(
        ([tag, field]) =>
          [`${at}.fields.${tag}`, typeof field === 'string' ? field : field.attribute] as const,
      ),
    ];
    return used.flatMap(([path, attribute]) =>
      attribute === undefined || attributes.includes(attribute)
        ? []
        : [{ at: path, code: 'ATTRIBUTE_NOT_FOUND', message: missing(attribute, attributes) }],
    );
  });
}

function missing(attribute: string, attributes: readonly string[]): string {
  return `the source has no attribute "${attribute}". It has: ${attributes.join(', ')}.`;
}

/** @throws what is no mistake of a user */
function toProblem(at: string, error: unknown): ConfigProblem {
  if (!(error instanceof ExportError)) throw error;
  return { at, code: error.code, message: error.message };
}
