import { createHash } from 'node:crypto';
import type { PostgresSourceConfig } from '../../config/postgres-config';
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
import { findMembers } from '../files/members';
import { stoppedBy } from '../files/reading';
import { canonical, chooseSegments, segmentInfos } from '../files/segments';
import { toSourceCheck } from '../files/source-check';
import { stageProfiles } from '../files/stage';
import { clearExtract, writeExtract } from '../files/write-extract';
import type { SourceOptions } from '../options';
import { checkMembers, requireRows } from './copied-rows';
import { findProblems } from './find-problems';
import {
  type PostgresContext,
  type PostgresReading,
  describe,
  profilesOf,
  withReading,
  withTransaction,
} from './reading';
import type { RelationConfig } from './relation';
import { askVersion } from './version';

/**
 * Segments in a PostgreSQL database. Each call copies what it needs out of one read-only transaction, so that all of it is of one state.
 * It knows a version only by a query of the configuration.
 */
export class PostgresSource implements OpenSource {
  readonly #config: PostgresSourceConfig;
  readonly #options: SourceOptions;
  readonly #closed = new AbortController();

  constructor(config: PostgresSourceConfig, options: SourceOptions) {
    this.#config = config;
    this.#options = options;
  }

  async describe({ signal }: Cancellable = {}): Promise<SourceDescription> {
    const config = this.#config;
    const { usable } = await withTransaction(this.#context(signal), (session) =>
      describe(session, profilesOf(config), [config.profiles.key]),
    );
    return { attributes: usable, segments: segmentInfos<RelationConfig>(config) };
  }

  async check({ signal }: Cancellable = {}): Promise<SourceCheck> {
    const segments = Object.keys(this.#config.segments);
    return withReading(this.#context(signal), { attributes: undefined, segments }, async (reading) => {
      const counts = await this.#count(reading, reading.attributes, segments);
      return toSourceCheck({
        attributes: reading.attributes,
        infos: segmentInfos<RelationConfig>(this.#config),
        segments,
        counts,
      });
    });
  }

  async findProblems({ signal }: Cancellable = {}): Promise<readonly SourceProblem[]> {
    return findProblems(this.#context(signal));
  }

  async identity({ signal }: Cancellable = {}): Promise<string> {
    return withTransaction(this.#context(signal), async (session) => `role ${await session.role()}`);
  }

  async version({ segments, signal }: VersionRequest): Promise<string | undefined> {
    const config = this.#config;
    const chosen = chooseSegments<RelationConfig>(config, segments);
    const version = await askVersion([config], this.#context(signal));
    if (version === undefined) return undefined;
    const definition = canonical({ profiles: config.profiles, segments, chosen });
    return createHash('sha256').update(`${definition}\n${version}`).digest('hex');
  }

  async extract(request: ExtractRequest): Promise<SourceExtract> {
    const { attributes, segments, into, signal } = request;
    const context = this.#context(signal);
    await clearExtract(into);
    return withReading(context, { attributes, segments, into }, async (reading) => {
      const counts = await this.#count(reading, attributes, segments);
      await writeExtract(reading, this.#config.profiles.key, { ...request, ...counts });
      return counts;
    });
  }

  /** A check and an export find the same, since both do this. */
  async #count(
    reading: PostgresReading,
    attributes: readonly string[],
    segments: readonly string[],
  ): Promise<SourceExtract> {
    const { key } = this.#config.profiles;
    const { profiles, emptyKeys } = await stageProfiles(reading, key, attributes);
    const without = emptyKeys.counts.reduce((sum, { lines }) => sum + lines, 0);
    requireRows('profiles', { sent: reading.rows, read: profiles + without });
    await checkMembers(reading);
    const found = await findMembers(reading, key, segments.length);
    const unreadable =
      without > 0 ? [{ file: `profiles (rows whose "${key}" is empty)`, lines: without, first: [] }] : [];
    return { profiles, ...found, unreadable };
  }

  #context(signal: AbortSignal | undefined): PostgresContext {
    const stopped = stoppedBy(this.#closed.signal, signal);
    stopped.throwIfAborted();
    return { config: this.#config, options: this.#options, stopped };
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }
}
