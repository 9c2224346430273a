import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigSchema } from '../../../src/config/config';
import type { SqlSourceInput } from '../../../src/config/sql-config';
import type { FilesSourceInput } from '../../../src/config/source-config';
import { secretResolver } from '../../../src/config/secrets';
import { openDatabase } from '../../../src/duckdb/open';
import { quoteText } from '../../../src/duckdb/quote';
import type { OpenSource, SourceExtract } from '../../../src/ports/source';
import { openSource } from '../../../src/sources';
import { Lake } from '../cdm/lake';

export type SqlInput = Omit<SqlSourceInput, 'kind'>;

export interface Extracted extends SourceExtract {
  /** Segments, then attributes, by key. */
  readonly rows: Readonly<Record<string, readonly (string | null)[]>>;
}

const value = (text: string | null) => (text === null ? '' : `"${text.replaceAll('"', '""')}"`);

export function csv(rows: readonly (readonly (string | null)[])[]): string {
  return rows.map((row) => `${row.map(value).join(',')}\n`).join('');
}

/** A folder with files, and with a lake in it. */
export class Fixture {
  readonly lake: Lake;

  private constructor(lake: Lake) {
    this.lake = lake;
  }

  static async make(): Promise<Fixture> {
    return new Fixture(await Lake.make());
  }

  get folder(): string {
    return this.lake.folder;
  }

  async write(file: string, rows: readonly (readonly (string | null)[])[]): Promise<void> {
    await writeFile(join(this.folder, file), csv(rows));
  }

  open(input: SqlInput): Promise<OpenSource> {
    return this.openAny({ kind: 'sql', ...input });
  }

  openAny(input: SqlSourceInput | FilesSourceInput): Promise<OpenSource> {
    const { sources } = ConfigSchema.parse({ accounts: {}, sources: { shop: input } });
    return openSource(sources['shop']!, {
      baseFolder: this.folder,
      memoryLimit: '128MB',
      scratch: this.lake.scratch,
      secrets: secretResolver(this.folder),
    });
  }

  async extract(
    source: OpenSource,
    request: { readonly attributes: readonly string[]; readonly segments: readonly string[] },
  ): Promise<Extracted> {
    const into = await mkdtemp(join(this.folder, 'into-'));
    const extract = await source.extract({ ...request, into });
    const database = await openDatabase({
      folder: join(this.folder, 'work'),
      memoryLimit: '128MB',
      allow: [into],
    });
    const rows = await database.rows<Record<string, string | null>>(
      `FROM ${quoteText(join(into, 'profiles.parquet'))} ORDER BY key`,
    );
    await database.close();
    return {
      ...extract,
      rows: Object.fromEntries(rows.map(({ key, ...values }) => [key, Object.values(values)])),
    };
  }

  /** Throws where a source left rows behind. */
  remove(): Promise<void> {
    return this.lake.remove();
  }
}
