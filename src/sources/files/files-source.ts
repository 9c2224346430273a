import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Cancellable,
  ExtractRequest,
  OpenSource,
  SourceCheck,
  SourceDescription,
  SourceExtract,
  SourceProblem,
  VersionRequest,
} from '../../ports/source';
import type { FilesSourceConfig } from '../../config/source-config';
import { FAST_ROWS } from '../../duckdb/parquet';
import { quoteName, quoteText } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { findProblems } from './find-problems';
import { MEMBERSHIPS, UNMATCHED, findMembers } from './members';
import type { OpenTable } from './open-tables';
import { type FilesContext, PROFILES, type Reading, stoppedBy, withReading } from './reading';
import { collectUnreadable } from './unreadable-lines';
import { segmentInfos } from './segments';
import { ROW, STAGED_PROFILES, copyToScratch, stageProfiles, stageTables } from './stage';
import { looseKey } from './table';
import type { SourceOptions } from '../options';
import { suggest } from '../suggest';
import { versionOf } from './version';

const PROFILES_FILE = 'profiles.parquet';
const UNMATCHED_FILE = 'unmatched.parquet';

/** Segments over files, by DuckDB. Each call reads the files again. */
export class FilesSource implements OpenSource {
  readonly #context: FilesContext;
  readonly #closed = new AbortController();

  constructor(config: FilesSourceConfig, options: SourceOptions) {
    if (Object.hasOwn(config.tables, PROFILES)) {
      throw new ExportError(
        'CONFIG_INVALID',
        `A further table cannot be called "${PROFILES}": that is the name of the table of profiles in SQL. Rename it.`,
      );
    }
    this.#context = { config, options, closed: this.#closed.signal };
  }

  describe({ signal }: Cancellable = {}): Promise<SourceDescription> {
    return withReading(this.#context, { segments: [], columnsOnly: true, signal }, async ({ profiles }) => ({
      attributes: profiles.columns,
      segments: segmentInfos(this.#context.config),
    }));
  }

  check({ signal }: Cancellable = {}): Promise<SourceCheck> {
    const { config } = this.#context;
    const segments = Object.keys(config.segments);
    return withReading(this.#context, { segments, allTables: true, signal }, async (reading) => {
      const attributes = reading.profiles.columns;
      const { profiles, members, unmatched, unreadable } = await this.#count(reading, attributes, segments);
      return {
        attributes,
        segments: segmentInfos(config),
        profiles,
        members: segments.map((segment, index) => ({
          segment,
          profiles: members[index] ?? 0,
          unmatched: unmatched[index] ?? { keys: 0, values: 0 },
        })),
        unreadable,
      };
    });
  }

  /** Reads the tables of a request. A check and an export find the same, since both do this. */
  async #count(
    reading: Reading,
    attributes: readonly string[],
    segments: readonly string[],
  ): Promise<SourceExtract> {
    const { key } = this.#context.config.profiles;
    const staged = await stageProfiles(reading, key, attributes);
    await stageTables(reading);
    const found = await findMembers(reading, key, segments.length);
    const unreadable = await collectUnreadable(allTables(reading), staged.emptyKeys);
    return { profiles: staged.profiles, ...found, unreadable };
  }

  async findProblems({ signal }: Cancellable = {}): Promise<readonly SourceProblem[]> {
    const { closed, ...source } = this.#context;
    const stopped = stoppedBy(closed, signal);
    stopped.throwIfAborted();
    return findProblems({ ...source, stopped });
  }

  async version({ segments, signal }: VersionRequest): Promise<string | undefined> {
    const { closed, ...source } = this.#context;
    const stopped = stoppedBy(closed, signal);
    stopped.throwIfAborted();
    return versionOf({ ...source, stopped }, segments);
  }

  async extract(request: ExtractRequest): Promise<SourceExtract> {
    const { config } = this.#context;
    const { attributes, segments, into, signal } = request;
    await clear(into);
    return withReading(this.#context, { segments, into, signal }, async (reading) => {
      requireAttributes(reading.profiles, attributes);
      const counts = await this.#count(reading, attributes, segments);
      await write(reading, config.profiles.key, request);
      if (counts.unmatched.some(({ keys }) => keys > 0))
        await writeUnmatched(reading, config.profiles.key, request);
      return counts;
    });
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }
}

/** Files that a dead attempt left, also under the name that DuckDB gives to a file until it is complete. */
async function clear(into: string): Promise<void> {
  for (const file of [PROFILES_FILE, UNMATCHED_FILE]) {
    for (const name of [file, `tmp_${file}`]) await rm(join(into, name), { force: true });
  }
}

function requireAttributes({ columns, unusable }: OpenTable, attributes: readonly string[]): void {
  // NDJSON without a row names no columns, and has nothing to miss them.
  if (columns.length === 0) return;
  const missing = attributes.find((name) => !columns.includes(name));
  if (missing === undefined) return;
  const why = unusable.get(missing.toLowerCase());
  throw new ExportError(
    'ATTRIBUTE_NOT_FOUND',
    why === undefined
      ? `The source's profiles have no attribute "${missing}". ${suggest(missing, columns)}`
      : `The source's profiles have no usable attribute "${missing}": ${why}. Rename one of them, in the file or with rename.`,
    { details: { attribute: missing } },
  );
}

function allTables({ profiles, tables, memberships }: Reading): OpenTable[] {
  return [profiles, ...tables.values(), ...memberships.map(({ table }) => table)];
}

async function write(reading: Reading, key: string, { attributes, into }: ExtractRequest): Promise<void> {
  const columns = attributes.map((name, index) => `p.${quoteName(name)} AS a${index}`);
  const select = `
    SELECT ${[`p.${quoteName(key)} AS key`, 'm.segments', ...columns].join(', ')}
    FROM ${STAGED_PROFILES} p JOIN ${MEMBERSHIPS} m USING (${ROW})`;
  await reading.database.run(`COPY (${select}) TO ${quoteText(join(into, PROFILES_FILE))} (${FAST_ROWS})`);
}

/** In two steps: grouping and joining at once would need twice the memory. */
async function writeUnmatched(reading: Reading, key: string, { into }: ExtractRequest): Promise<void> {
  const grouped = `SELECT segment::INTEGER AS segment, key, count(*) AS rows FROM ${UNMATCHED} GROUP BY ALL`;
  const file = await copyToScratch(reading, 'unmatched', grouped);
  const name = quoteName(key);
  const select = `
    SELECT segment, key, rows, key IS NOT NULL AND hash(${looseKey('key')}) IN (
      SELECT hash(${looseKey(name)}) FROM ${STAGED_PROFILES} WHERE ${name} IS NOT NULL) AS is_near
    FROM read_parquet(${file})`;
  await reading.database.run(`COPY (${select}) TO ${quoteText(join(into, UNMATCHED_FILE))} (${FAST_ROWS})`);
}
