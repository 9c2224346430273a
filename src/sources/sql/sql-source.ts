import type { TableConfig } from '../../config/sql-config';
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
import { requireAttributes } from '../files/column-names';
import { findMembers } from '../files/members';
import { stoppedBy } from '../files/reading';
import { asSqlError } from '../files/segment-sql';
import { toSourceCheck } from '../files/source-check';
import { stageProfiles } from '../files/stage';
import { collectUnreadable } from '../files/unreadable-lines';
import { clearExtract, writeExtract } from '../files/write-extract';
import type { SourceOptions } from '../options';
import { findProblems } from './find-problems';
import { type SqlContext, type SqlReading, withReading } from './reading';
import type { ResolvedSource } from './resolve';
import { tableKindOf } from './table-kinds';
import { versionOf } from './version';

/**
 * Segments and profiles in SQL over tables of any kind. Each call reads the tables again: those of one place in one state, and one place
 * after the other.
 */
export class SqlSource implements OpenSource {
  readonly #source: ResolvedSource;
  readonly #options: SourceOptions;
  readonly #closed = new AbortController();

  constructor(source: ResolvedSource, options: SourceOptions) {
    this.#source = source;
    this.#options = options;
  }

  async describe({ signal }: Cancellable = {}): Promise<SourceDescription> {
    const request = { segments: [], attributes: undefined, columnsOnly: true };
    return withReading(this.#context(signal), request, async ({ profiles }) => ({
      attributes: profiles.columns,
      segments: this.#source.infos,
    }));
  }

  async check({ signal }: Cancellable = {}): Promise<SourceCheck> {
    const segments = Object.keys(this.#source.segments);
    const request = { segments, attributes: undefined, allTables: true };
    return withReading(this.#context(signal), request, async (reading) => {
      const attributes = reading.profiles.columns;
      const counts = await this.#count(reading, attributes, segments);
      return toSourceCheck({ attributes, infos: this.#source.infos, segments, counts });
    });
  }

  async findProblems({ signal }: Cancellable = {}): Promise<readonly SourceProblem[]> {
    return findProblems(this.#context(signal));
  }

  /** Of each table, since each kind has its own. */
  async identity({ signal }: Cancellable = {}): Promise<string> {
    const context = this.#context(signal);
    const found = new Set<string>();
    for (const table of placesOf(Object.values(this.#source.tables)))
      found.add(await tableKindOf(table).identity(table, context));
    return [...found].join(', ');
  }

  async version({ segments, signal }: VersionRequest): Promise<string | undefined> {
    return versionOf(this.#context(signal), segments);
  }

  async extract(request: ExtractRequest): Promise<SourceExtract> {
    const { attributes, segments, into, signal } = request;
    const context = this.#context(signal);
    await clearExtract(into);
    return withReading(context, { attributes, segments, into }, async (reading) => {
      requireAttributes(reading.profiles, attributes, 'Give one of them another name in the SQL.');
      const counts = await this.#count(reading, attributes, segments);
      await writeExtract(reading, this.#source.profiles.key, { ...request, ...counts });
      return counts;
    });
  }

  /** A check and an export find the same, since both do this. */
  async #count(
    reading: SqlReading,
    attributes: readonly string[],
    segments: readonly string[],
  ): Promise<SourceExtract> {
    const { key } = this.#source.profiles;
    const { profiles, emptyKeys } = await stageProfiles(reading, key, attributes).catch((error: unknown) => {
      throw reading.profilesSql ? asSqlError(undefined, error) : error;
    });
    const found = await findMembers(reading, key, segments.length);
    return { profiles, ...found, unreadable: await collectUnreadable(reading.opened, emptyKeys) };
  }

  #context(signal: AbortSignal | undefined): SqlContext {
    const stopped = stoppedBy(this.#closed.signal, signal);
    stopped.throwIfAborted();
    return { source: this.#source, options: this.#options, signal: stopped };
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }
}

/** One table of each place. */
function placesOf(tables: readonly TableConfig[]): readonly TableConfig[] {
  return [
    ...new Map(tables.map((table) => [`${table.kind} ${tableKindOf(table).placeOf(table)}`, table])).values(),
  ];
}
