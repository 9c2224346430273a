import type { Config } from '../../config/config';
import { resolveSecret } from '../../config/secrets';
import { ExportError, onOneLine } from '../../errors';
import type { InspectedSource } from '../../plugin/open-to-read';
import type { SetupProblem } from '../../plugin/setup-problems';
import { lazy } from '../lazy';

/** All that the schema cannot check: references between sections, secrets, files with their columns, and SQL. */
export async function findConfigProblems(config: Config, baseFolder: string): Promise<SetupProblem[]> {
  const problems = [...danglingReferences(config), ...(await unresolvedSecrets(config, baseFolder))];
  for (const name of Object.keys(config.sources)) {
    const { problems: found, attributes } = await inspect(config, { name, baseFolder });
    problems.push(...found);
    if (attributes) problems.push(...unknownAttributes(config, name, attributes));
  }
  return problems;
}

/** One line for each. */
export function describeProblems(problems: readonly SetupProblem[]): string {
  return problems.map(({ at, message }) => `  ${at}: ${onOneLine(message)}`).join('\n');
}

function danglingReferences({ accounts, sources, destinations }: Config): SetupProblem[] {
  const problems: SetupProblem[] = [];
  const add = (at: string, message: string) => problems.push({ at, code: 'CONFIG_INVALID', message });
  for (const [name, { connect, configure }] of Object.entries(destinations)) {
    const at = `destinations.${name}`;
    if (!Object.hasOwn(accounts, connect.account))
      add(`${at}.connect.account`, `there is no account "${connect.account}"`);
    const source = Object.hasOwn(sources, connect.source) ? sources[connect.source] : undefined;
    if (!source) add(`${at}.connect.source`, `there is no source "${connect.source}"`);
    for (const segment of Object.keys(configure?.segments ?? {})) {
      if (source && !Object.hasOwn(source.segments, segment))
        add(
          `${at}.configure.segments`,
          `the source "${connect.source}" has no segment "${segment}". ${lazy.reading().suggest(segment, Object.keys(source.segments))}`,
        );
    }
  }
  return problems;
}

async function unresolvedSecrets(
  { accounts, temporal }: Config,
  baseFolder: string,
): Promise<SetupProblem[]> {
  const { apiKey, tls } = temporal;
  const { serverCaCert, clientCert, clientKey } = typeof tls === 'object' ? tls : {};
  const references = {
    ...Object.fromEntries(
      Object.entries(accounts).map(([name, account]) => [`accounts.${name}.apiKey`, account.apiKey]),
    ),
    'temporal.apiKey': apiKey,
    'temporal.tls.serverCaCert': serverCaCert,
    'temporal.tls.clientCert': clientCert,
    'temporal.tls.clientKey': clientKey,
  };
  const problems: SetupProblem[] = [];
  for (const [at, reference] of Object.entries(references)) {
    if (reference === undefined) continue;
    await resolveSecret(reference, baseFolder).catch((error: unknown) => problems.push(toProblem(at, error)));
  }
  return problems;
}

async function inspect(
  config: Config,
  source: { readonly name: string; readonly baseFolder: string },
): Promise<InspectedSource> {
  try {
    return await lazy.reading().inspectSource(config, source);
  } catch (error) {
    return { problems: [toProblem(`sources.${source.name}`, error)] };
  }
}

function unknownAttributes(
  { destinations }: Config,
  source: string,
  attributes: readonly string[],
): SetupProblem[] {
  return Object.entries(destinations).flatMap(([name, { connect, configure }]) => {
    // NDJSON without a row names no columns.
    if (connect.source !== source || !configure || attributes.length === 0) return [];
    const at = `destinations.${name}.configure`;
    const { latest } = configure;
    const used: (readonly [string, string | undefined])[] = [
      [`${at}.email`, configure.email],
      [`${at}.latest`, typeof latest === 'object' ? latest.attribute : latest],
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
  return `the source has no attribute "${attribute}". ${lazy.reading().suggest(attribute, attributes)}`;
}

/** @throws what is no mistake of a user */
function toProblem(at: string, error: unknown): SetupProblem {
  if (!(error instanceof ExportError)) throw error;
  return { at, code: error.code, message: error.message };
}
