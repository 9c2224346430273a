import type { DataverseSourceConfig } from '../../config/dataverse-config';
import type {
  Cancellable,
  ExtractRequest,
  OpenSource,
  SourceCheck,
  SourceDescription,
  SourceExtract,
  SourceProblem,
} from '../../ports/source';
import { findMembers } from '../files/members';
import { stoppedBy } from '../files/reading';
import { segmentInfos } from '../files/segments';
import { toSourceCheck } from '../files/source-check';
import { stageProfiles } from '../files/stage';
import { clearExtract, writeExtract } from '../files/write-extract';
import type { SourceOptions } from '../options';
import { requireRows } from './copies';
import { findProblems } from './find-problems';
import { type DataverseContext, type DataverseReading, openEnvironment, withReading } from './reading';
import { listSegments, segmentsOf } from './segment-names';

/**
 * Profiles and segments that Customer Insights writes into Dataverse. Each call reads them again.
 * It knows no version: the times of rows do not show which rows were deleted.
 */
export class DataverseSource implements OpenSource {
  readonly #config: DataverseSourceConfig;
  readonly #options: SourceOptions;
  readonly #closed = new AbortController();

  constructor(config: DataverseSourceConfig, options: SourceOptions) {
    this.#config = config;
    this.#options = options;
  }

  async describe({ signal }: Cancellable = {}): Promise<SourceDescription> {
    const { api, profiles, metadata } = await openEnvironment(this.#context(signal));
    const listed = metadata && (await listSegments(api, metadata));
    return { attributes: profiles.attributes, segments: segmentInfos(segmentsOf(this.#config, listed)) };
  }

  async check({ signal }: Cancellable = {}): Promise<SourceCheck> {
    return withReading(this.#context(signal), { attributes: [], segments: undefined }, async (reading) => {
      const segments = Object.keys(reading.segments.segments);
      const counts = await this.#count(reading, [], segments);
      return toSourceCheck({
        attributes: reading.attributes,
        infos: segmentInfos(reading.segments),
        segments,
        counts,
      });
    });
  }

  async identity(): Promise<string> {
    return `application ${this.#config.clientId}`;
  }

  findProblems({ signal }: Cancellable = {}): Promise<readonly SourceProblem[]> {
    return findProblems(this.#context(signal));
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
    reading: DataverseReading,
    attributes: readonly string[],
    segments: readonly string[],
  ): Promise<SourceExtract> {
    const { key } = this.#config.profiles;
    const { profiles, emptyKeys } = await stageProfiles(reading, key, attributes);
    const without = emptyKeys.counts.reduce((sum, { lines }) => sum + lines, 0);
    requireRows('profiles', { sent: reading.rows, read: profiles + without });
    const found = await findMembers(reading, key, segments.length);
    const unreadable =
      without > 0 ? [{ file: `profiles (rows whose "${key}" is empty)`, lines: without, first: [] }] : [];
    return { profiles, ...found, unreadable };
  }

  #context(signal: AbortSignal | undefined): DataverseContext {
    const stopped = stoppedBy(this.#closed.signal, signal);
    stopped.throwIfAborted();
    return { config: this.#config, options: this.#options, stopped };
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }
}
