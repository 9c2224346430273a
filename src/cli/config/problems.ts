import type { Config } from '../../config/config';
import { notSignedIn } from '../../config/not-signed-in';
import { resolveSecret } from '../../config/secrets';
import { requirePrivateToken } from '../../config/token-file';
import { configuredSegments } from '../../config/source-config';
import { whyNever } from '../../contract/never-starts';
import { valuesIn } from '../../contract/requested-matching';
import { ExportError, onOneLine } from '../../errors';
import type { InspectedSource } from '../../plugin/open-to-read';
import type { SetupProblem } from '../../plugin/setup-problems';
import { lazy } from '../lazy';

/** All that the schema cannot check: references between sections, secrets, files with their columns, and SQL. */
export async function findConfigProblems(config: Config, baseFolder: string): Promise<SetupProblem[]> {
  const problems = [
    ...danglingReferences(config),
    ...uselessSchedules(config),
    ...(await unresolvedSecrets(config, baseFolder)),
    ...(await missingSignIns(config, baseFolder)),
    ...(await wrongEncryptionKeys(config, baseFolder)),
    ...(await wrongReceivers(config, baseFolder)),
  ];
  for (const name of Object.keys(config.sources)) {
    const { problems: found, attributes, segments } = await inspect(config, { name, baseFolder });
    problems.push(...found);
    if (attributes) problems.push(...unknownAttributes(config, name, attributes));
    if (segments) problems.push(...unknownSegments(config, name, segments));
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
      add(
        `${at}.connect.account`,
        `there is no account "${connect.account}". ${lazy.reading().suggest(connect.account, Object.keys(accounts))}`,
      );
    const source = Object.hasOwn(sources, connect.source) ? sources[connect.source] : undefined;
    if (!source) {
      add(
        `${at}.connect.source`,
        `there is no source "${connect.source}". ${lazy.reading().suggest(connect.source, Object.keys(sources))}`,
      );
    }
    const known = source && configuredSegments(source);
    for (const segment of Object.keys(configure?.segments ?? {})) {
      if (known && !known.includes(segment))
        add(`${at}.configure.segments`, missingSegment({ source: connect.source, segment, known }));
    }
  }
  return problems;
}

function uselessSchedules({ destinations }: Config): SetupProblem[] {
  return Object.entries(destinations).flatMap(([name, { schedule }]) => {
    const why = schedule && whyNever(schedule, Date.now());
    const at = `destinations.${name}.schedule`;
    return why === undefined
      ? []
      : [{ at, code: 'INPUT_INVALID', message: `it never starts a refresh: ${why}` }];
  });
}

/** Each key for itself: also the ones that only decrypt. */
async function wrongEncryptionKeys({ temporal }: Config, baseFolder: string): Promise<SetupProblem[]> {
  const problems: SetupProblem[] = [];
  for (const [id, reference] of Object.entries(temporal.encryption?.keys ?? {})) {
    try {
      const encryption = { keys: { [id]: reference }, use: id };
      await lazy.encryption().configuredCodec(encryption, baseFolder);
    } catch (error) {
      problems.push(toProblem(`temporal.encryption.keys.${id}`, error));
    }
  }
  return problems;
}

/** URLs and secrets that can be read, and not used. */
async function wrongReceivers(config: Config, baseFolder: string): Promise<SetupProblem[]> {
  const problems: SetupProblem[] = [];
  const alerts = lazy.alerts().configuredAlerts(config, baseFolder);
  for (const name of Object.keys(config.alerts))
    await alerts.check(name).catch((error: unknown) => problems.push(toProblem(`alerts.${name}`, error)));
  // Those that cannot be read are found one by one.
  return problems.filter(({ code }) => code !== 'SECRET_UNAVAILABLE');
}

async function unresolvedSecrets(
  { accounts, alerts, temporal }: Config,
  baseFolder: string,
): Promise<SetupProblem[]> {
  const { apiKey, tls } = temporal;
  const { serverCaCert, clientCert, clientKey } = typeof tls === 'object' ? tls : {};
  const references = {
    ...Object.fromEntries(
      Object.entries(accounts).map(([name, account]) => [`accounts.${name}.apiKey`, account.apiKey]),
    ),
    ...Object.fromEntries(Object.entries(alerts).map(([name, { url }]) => [`alerts.${name}.url`, url])),
    ...Object.fromEntries(
      Object.entries(alerts).map(([name, receiver]) => [
        `alerts.${name}.secret`,
        receiver.kind === 'webhook' ? receiver.secret : undefined,
      ]),
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

/** Tokens that no sign-in has written yet, or that others can read. */
async function missingSignIns({ accounts }: Config, baseFolder: string): Promise<SetupProblem[]> {
  const problems: SetupProblem[] = [];
  for (const [name, { oauth }] of Object.entries(accounts)) {
    if (!oauth) continue;
    const at = `accounts.${name}.oauth`;
    const add = (error: unknown) => void problems.push(toProblem(at, error));
    await requirePrivateToken(oauth.token, baseFolder).catch(add);
    await resolveSecret(oauth.token, baseFolder).catch((error: unknown) =>
      add(error instanceof ExportError ? notSignedIn(name, error.message) : error),
    );
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

/** Of a source that itself says which segments it has. */
function unknownSegments(
  { sources, destinations }: Config,
  source: string,
  known: readonly string[],
): SetupProblem[] {
  if (sources[source] && configuredSegments(sources[source])) return [];
  return Object.entries(destinations).flatMap(([name, { connect, configure }]) =>
    connect.source === source
      ? Object.keys(configure?.segments ?? {})
          .filter((segment) => !known.includes(segment))
          .map((segment) => ({
            at: `destinations.${name}.configure.segments`,
            code: 'SEGMENT_NOT_FOUND' as const,
            message: missingSegment({ source, segment, known }),
          }))
      : [],
  );
}

function missingSegment(found: {
  readonly source: string;
  readonly segment: string;
  readonly known: readonly string[];
}): string {
  const { source, segment, known } = found;
  return `the source "${source}" has no segment "${segment}". ${lazy.reading().suggest(segment, known)}`;
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
    const used = valuesIn(configure).flatMap(({ at: place, value }) =>
      typeof value === 'string' ? [[`${at}.${place}`, value] as const] : [],
    );
    return used.flatMap(([path, attribute]) =>
      attributes.includes(attribute)
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
