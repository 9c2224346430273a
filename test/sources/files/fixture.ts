import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import type { OpenSource, SourceExtract } from '../../../src/ports/source';
import { secretResolver } from '../../../src/config/secrets';
import { FilesSourceSchema } from '../../../src/config/source-config';
import { openDatabase } from '../../../src/duckdb/open';
import { quoteText } from '../../../src/duckdb/quote';
import { openSource } from '../../../src/sources';

export type SourceInput = Omit<z.input<typeof FilesSourceSchema>, 'kind'>;

export interface Extracted extends SourceExtract {
  readonly folder: string;
  /** By key. */
  readonly rows: Readonly<Record<string, readonly (string | null)[]>>;
  /** Keys by position of the segment, sorted. */
  readonly keys: readonly (readonly string[])[];
}

/** A temporary folder with the files of a source. */
export class Fixture {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Fixture> {
    return new Fixture(await mkdtemp(join(tmpdir(), 'source-')));
  }

  async write(file: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.folder, file);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  /** Runs SQL that may write into the folder. */
  async sql(sql: string): Promise<void> {
    const database = await this.#database();
    await database.run(sql);
    await database.close();
  }

  open(input: SourceInput): Promise<OpenSource> {
    const config = FilesSourceSchema.parse({ kind: 'files', ...input });
    return openSource(config, {
      baseFolder: this.folder,
      memoryLimit: '128MB',
      scratch: this.scratch,
      secrets: secretResolver(this.folder),
    });
  }

  /** Opens, extracts, closes, and reads what was written. */
  async extract(
    input: SourceInput,
    request: { readonly attributes: readonly string[]; readonly segments: readonly string[] },
  ): Promise<Extracted> {
    const into = await mkdtemp(join(this.folder, 'into-'));
    const source = await this.open(input);
    try {
      const extract = await source.extract({ ...request, into });
      return { ...extract, folder: into, ...(await this.read(into, request.segments.length)) };
    } finally {
      await source.close();
    }
  }

  async read(into: string, segments: number): Promise<Pick<Extracted, 'rows' | 'keys'>> {
    const database = await this.#database();
    const profiles = await database.rows<{ key: string; segments: string } & Record<string, string | null>>(
      `FROM ${quoteText(join(into, 'profiles.parquet'))} ORDER BY key`,
    );
    await database.close();
    return {
      // After the key and the segments.
      rows: Object.fromEntries(profiles.map((profile) => [profile.key, Object.values(profile).slice(2)])),
      keys: Array.from({ length: segments }, (_, index) =>
        profiles.filter((profile) => profile.segments[index] === '1').map(({ key }) => key),
      ),
    };
  }

  /** Position of the segment, key, rows, and whether a profile has nearly the key: of the keys that no profile has. */
  async readUnmatched({ folder }: Pick<Extracted, 'folder'>): Promise<readonly unknown[][]> {
    const database = await this.#database();
    const rows = await database.rows<Record<string, unknown>>(
      `FROM ${quoteText(join(folder, 'unmatched.parquet'))} ORDER BY ALL`,
    );
    await database.close();
    return rows.map((row) => Object.values(row));
  }

  /** Column names and types of a file. */
  async schemaOf(file: string): Promise<string[]> {
    const database = await this.#database();
    const columns = await database.rows<{ column_name: string; column_type: string }>(
      `DESCRIBE FROM ${quoteText(file)}`,
    );
    await database.close();
    return columns.map(({ column_name: name, column_type: type }) => `${name} ${type}`);
  }

  /** Removes the folder. Throws where a source left something behind: rows of people may not. */
  async remove(): Promise<void> {
    const left = await readdir(this.scratch).catch(() => []);
    await rm(this.folder, { recursive: true });
    if (left.length > 0) throw new Error(`the source left ${left.join(', ')} in scratch`);
  }

  get scratch(): string {
    return join(this.folder, 'scratch');
  }

  #database() {
    return openDatabase({ folder: join(this.folder, 'work'), memoryLimit: '128MB', allow: [this.folder] });
  }
}

/** What was thrown, for a look at its text. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error as Error,
  );
}

export type CsvInput = NonNullable<SourceInput['profiles']['csv']>;

interface ReadCsvOptions {
  readonly csv?: CsvInput | undefined;
  /** Name of the file. */
  readonly file?: string;
  readonly columns?: string[] | undefined;
}

/** The profiles of one file by key `k`, all in one segment, with the value of column `b`. */
export async function readCsv(
  fixture: Fixture,
  content: string | Uint8Array,
  { csv, file = 'p.csv', columns }: ReadCsvOptions = {},
) {
  await fixture.write(file, content);
  const profiles = { path: file, key: 'k', ...(csv && { csv }), ...(columns && { columns }) };
  const { rows, unreadable } = await fixture.extract(
    { profiles, segments: { all: { sql: 'SELECT k FROM profiles' } } },
    { attributes: ['b'], segments: ['all'] },
  );
  return { rows: Object.fromEntries(Object.entries(rows).map(([key, [value]]) => [key, value])), unreadable };
}
