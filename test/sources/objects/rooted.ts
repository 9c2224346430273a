import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigSchema } from '../../../src/config/config';
import { secretResolver } from '../../../src/config/secrets';
import { openDatabase } from '../../../src/duckdb/open';
import { quoteText } from '../../../src/duckdb/quote';
import type { OpenSource, SourceExtract } from '../../../src/ports/source';
import { openSource } from '../../../src/sources';

/** A folder for what a source of objects keeps on this machine. */
export class Machine {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Machine> {
    return new Machine(await mkdtemp(join(tmpdir(), 'objects-')));
  }

  get scratch(): string {
    return join(this.folder, 'scratch');
  }

  /** @param source as the configuration file has it */
  open(source: object): Promise<OpenSource> {
    const { sources } = ConfigSchema.parse({ accounts: {}, sources: { source } });
    return openSource(sources['source']!, {
      baseFolder: this.folder,
      memoryLimit: '128MB',
      scratch: this.scratch,
      secrets: secretResolver(this.folder),
    });
  }

  async with<Result>(source: object, work: (source: OpenSource) => Promise<Result>): Promise<Result> {
    const opened = await this.open(source);
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  }

  /** All segments with these attributes; rows by key. */
  extract(
    source: object,
    attributes: readonly string[],
    signal?: AbortSignal,
  ): Promise<SourceExtract & { readonly rows: Readonly<Record<string, readonly (string | null)[]>> }> {
    return this.with(source, async (opened) => {
      const { segments } = source as { segments: object };
      const into = await mkdtemp(join(this.folder, 'into-'));
      const extract = await opened.extract({ attributes, segments: Object.keys(segments), into, signal });
      return { ...extract, rows: await this.#rowsOf(into) };
    });
  }

  /** The result of a query, as a file. */
  async parquet(query: string): Promise<Buffer> {
    const file = join(this.folder, 'any.parquet');
    const work = join(this.folder, 'work');
    const database = await openDatabase({ folder: work, memoryLimit: '128MB', allow: [this.folder] });
    await database.run(`COPY (${query}) TO ${quoteText(file)}`);
    await database.close();
    return readFile(file);
  }

  async #rowsOf(into: string) {
    const work = join(this.folder, 'work');
    const database = await openDatabase({ folder: work, memoryLimit: '128MB', allow: [into] });
    const rows = await database.rows<Record<string, string | null>>(
      `FROM ${quoteText(join(into, 'profiles.parquet'))} ORDER BY key`,
    );
    await database.close();
    // After the key and the segments.
    return Object.fromEntries(rows.map((row) => [String(row['key']), Object.values(row).slice(2)]));
  }

  /** Throws where a source left rows behind. */
  async remove(): Promise<void> {
    const left = await readdir(this.scratch).catch(() => []);
    await rm(this.folder, { recursive: true });
    if (left.length > 0) throw new Error(`the source left ${left.join(', ')} in scratch`);
  }
}
