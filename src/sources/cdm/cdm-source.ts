import { createHash } from 'node:crypto';
import type {
  Cancellable,
  ExtractRequest,
  OpenSource,
  SegmentInfo,
  SourceCheck,
  SourceDescription,
  SourceExtract,
  SourceProblem,
  VersionRequest,
} from '../../ports/source';
import type { CdmSourceConfig } from '../../config/source-config';
import { ExportError } from '../../errors';
import { FilesSource } from '../files/files-source';
import { canonical } from '../files/segments';
import type { SourceOptions } from '../options';
import { osUser } from '../os-user';
import { Roots } from '../root/roots';
import { asFiles } from './as-files';
import type { Publication } from './model';
import { readPublication } from './publication';
import { PublishedTables } from './published-tables';

/** A model that is published more often than this while it is read is not read. */
const READINGS = 3;

interface Reading {
  readonly source: FilesSource;
  readonly publication: Publication;
  readonly signal: AbortSignal;
}

/**
 * Segments as Dynamics 365 Customer Insights exports them into a lake or a container, from a folder, S3 or Azure. The model says which tables there are;
 * their partitions are read as those of a source of files. Each call reads model and partitions again.
 */
export class CdmSource implements OpenSource {
  readonly #config: CdmSourceConfig;
  readonly #options: SourceOptions;
  readonly #roots: Roots;
  readonly #closed = new AbortController();

  constructor(config: CdmSourceConfig, options: SourceOptions) {
    this.#config = config;
    this.#options = options;
    this.#roots = new Roots(config, options);
  }

  describe(call: Cancellable = {}): Promise<SourceDescription> {
    return this.#read(call, async ({ source, signal }) => this.#named(await source.describe({ signal })));
  }

  check(call: Cancellable = {}): Promise<SourceCheck> {
    return this.#read(call, async ({ source, signal }) => this.#named(await source.check({ signal })));
  }

  async identity(): Promise<string> {
    return osUser();
  }

  extract(request: ExtractRequest): Promise<SourceExtract> {
    return this.#read(request, ({ source, signal }) => source.extract({ ...request, signal }));
  }

  version(request: VersionRequest): Promise<string | undefined> {
    return this.#read(request, async ({ source, publication, signal }) => {
      const files = await source.version({ ...request, signal });
      if (files === undefined) return undefined;
      // The times alone would not do: a file may be copied again, and columns may get other types.
      return createHash('sha256').update(`${files}\n${publication.text}`).digest('hex');
    });
  }

  async findProblems(call: Cancellable = {}): Promise<readonly SourceProblem[]> {
    try {
      return await this.#read(call, async ({ source, signal }) => {
        const problems = await source.findProblems({ signal });
        // Tables that SQL reads are none of the configuration.
        return problems.map(({ at, error }) => ({ at: at.startsWith('tables.') ? '' : at, error }));
      });
    } catch (error) {
      if (error instanceof ExportError) return [{ at: '', error }];
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#roots.close();
  }

  /** Reads all of one publication. Where there is another one at the end, all of this is repeated. */
  async #read<T>(call: Cancellable, work: (reading: Reading) => Promise<T>): Promise<T> {
    const closed = this.#closed.signal;
    const signal = call.signal ? AbortSignal.any([closed, call.signal]) : closed;
    for (let left = READINGS - 1; ; left -= 1) {
      signal.throwIfAborted();
      const publication = await this.#readPublication(signal);
      const result = await this.#readOnce({ publication, signal }, work);
      signal.throwIfAborted();
      // Also after an error: the files of an earlier publication may be deleted by then.
      if ((await this.#readPublication(signal)).text === publication.text) return result();
      if (left === 0) throw republished();
    }
  }

  async #readPublication(signal: AbortSignal): Promise<Publication> {
    return readPublication(await this.#roots.open(signal), this.#config.model);
  }

  async #readOnce<T>(
    { publication, signal }: Omit<Reading, 'source'>,
    work: (reading: Reading) => Promise<T>,
  ): Promise<() => T> {
    const source = new FilesSource(asFiles(this.#config, publication.model), this.#options, {
      access: new PublishedTables(publication),
      roots: this.#roots,
    });
    try {
      const value = await work({ source, publication, signal });
      return () => value;
    } catch (error) {
      return () => {
        throw error;
      };
    } finally {
      await source.close();
    }
  }

  /** A digest of what this configuration says: columns that a table gains do not change what a segment means. */
  #named<T extends SourceDescription>(described: T): T {
    return { ...described, segments: described.segments.map((segment) => this.#withDigest(segment)) };
  }

  #withDigest({ id, name }: SegmentInfo): SegmentInfo {
    const { profiles, segments = {} } = this.#config;
    const configured = Object.hasOwn(segments, id) ? segments[id] : undefined;
    const { name: _, ...definition } = configured ?? { table: id };
    const digest = createHash('sha256').update(canonical({ id, key: profiles.key, ...definition }));
    return { id, name, digest: digest.digest('hex').slice(0, 16) };
  }
}

export function republished(): ExportError {
  return new ExportError(
    'SOURCE_UNREADABLE',
    'The model was published again each time that it was read, so nothing of it was used. Try again when the export of Customer Insights, or its copy, has ended.',
  );
}
