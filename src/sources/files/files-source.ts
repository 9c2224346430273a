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
import { ExportError } from '../../errors';
import { requireAttributes } from './column-names';
import { findProblems } from './find-problems';
import { findMembers } from './members';
import type { OpenTable } from './open-tables';
import { type Reading, stoppedBy, withReading } from './reading';
import { collectUnreadable } from './unreadable-lines';
import { segmentInfos } from './segments';
import { toSourceCheck } from './source-check';
import { stageProfiles, stageTables } from './stage';
import { requireNoProfiles } from './table';
import { Roots } from '../root/roots';
import type { TableAccess } from './table-access';
import type { SourceOptions } from '../options';
import { osUser } from '../os-user';
import { versionOf } from './version';
import type { FilesContext } from './with-database';
import { clearExtract, writeExtract } from './write-extract';

/** The tables of another kind of source, which closes the roots itself. */
interface TablesOf {
  readonly access: TableAccess;
  readonly roots: Roots;
}

/** Segments over files, by DuckDB. Each call reads the files again. */
export class FilesSource implements OpenSource {
  readonly #context: FilesContext;
  readonly #closed = new AbortController();

  /** @param from where another kind of source has its tables */
  constructor(config: FilesSourceConfig, options: SourceOptions, from?: TablesOf) {
    requireNoProfiles(config.tables);
    const { access, roots = new Roots(config, options) } = from ?? {};
    this.#context = { config, options, access, roots, closed: this.#closed.signal };
  }

  describe({ signal }: Cancellable = {}): Promise<SourceDescription> {
    return withReading(this.#context, { segments: [], columnsOnly: true, signal }, async ({ profiles }) => ({
      attributes: profiles.columns,
      segments: segmentInfos(this.#context.config),
    }));
  }

  check({ signal }: Cancellable = {}): Promise<SourceCheck> {
    const { config, access } = this.#context;
    const segments = Object.keys(config.segments);
    return withReading(this.#context, { segments, allTables: !access, signal }, async (reading) => {
      const attributes = reading.profiles.columns;
      const counts = await this.#count(reading, attributes, segments);
      return toSourceCheck({ attributes, infos: segmentInfos(config), segments, counts });
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
    try {
      return await findProblems({ ...source, stopped });
    } catch (error) {
      // A store that cannot be opened.
      if (error instanceof ExportError) return [{ at: '', error }];
      throw error;
    }
  }

  async identity(): Promise<string> {
    return osUser();
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
    await clearExtract(into);
    return withReading(this.#context, { segments, into, signal }, async (reading) => {
      requireAttributes(reading.profiles, attributes, 'Rename one of them, in the file or with rename.');
      const counts = await this.#count(reading, attributes, segments);
      await writeExtract(reading, config.profiles.key, { ...request, ...counts });
      return counts;
    });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#context.roots.close();
  }
}

function allTables({ profiles, tables, memberships }: Reading): OpenTable[] {
  return [profiles, ...tables.values(), ...memberships.map(({ table }) => table)];
}
