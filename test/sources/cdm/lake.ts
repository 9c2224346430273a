import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { CdmSourceInput } from '../../../src';
import { ConfigSchema } from '../../../src/config/config';
import { secretResolver } from '../../../src/config/secrets';
import { openDatabase } from '../../../src/duckdb/open';
import { quoteText } from '../../../src/duckdb/quote';
import type { OpenSource, SourceExtract } from '../../../src/ports/source';
import { openSource } from '../../../src/sources';

const SAMPLE = join(__dirname, 'sample');
export const EXPORT = 'CustomerInsights_7b1c6d5e-93a4-4c0f-8b7e-2f1f3a9d0c11/MailchimpStaging';
/** Where the tables of `writeModel` say that they are. */
export const ADDRESS = 'https://contosolake.dfs.core.windows.net/customerinsights/CustomerInsights_1/Export';

export type CdmInput = Partial<Omit<CdmSourceInput, 'kind'>>;

export interface LakeTable {
  readonly name: string;
  /** Each with its type; a text is a name. */
  readonly columns: readonly (string | readonly [name: string, type: string])[];
  /** Content of the partitions. */
  readonly partitions?: readonly string[];
  /** In place of where the files are. */
  readonly locations?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly primaryKey?: string;
}

export interface Extracted extends SourceExtract {
  /** Segments, then attributes, by key. */
  readonly rows: Readonly<Record<string, readonly (string | null)[]>>;
}

/** A folder with a copy of a lake. */
export class Lake {
  readonly folder: string;

  #isRemoved = false;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Empty, or with the sample. */
  static async make({ sample = false } = {}): Promise<Lake> {
    const lake = new Lake(await mkdtemp(join(tmpdir(), 'lake-')));
    await mkdir(lake.root);
    if (sample)
      await cp(join(SAMPLE, dirname(EXPORT)), join(lake.root, dirname(EXPORT)), { recursive: true });
    return lake;
  }

  get root(): string {
    return join(this.folder, 'root');
  }

  get scratch(): string {
    return join(this.folder, 'scratch');
  }

  async write(path: string, content: string): Promise<string> {
    const file = join(this.root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  read(path: string): Promise<string> {
    return readFile(join(this.root, path), 'utf8');
  }

  /** Partitions in dated folders, then `model.json`. @param date of the publication: its folder */
  async publish(
    tables: readonly LakeTable[],
    { date = '2026/11/23/0200', ...model }: { readonly date?: string; readonly culture?: string } = {},
  ): Promise<void> {
    const entities: unknown[] = [];
    for (const { name, columns, partitions = [], locations, settings, primaryKey } of tables) {
      const files = partitions.map((_, index) => `${name}/${date}/${name}_${index + 1}.csv`);
      for (const [index, file] of files.entries()) await this.write(file, partitions[index] ?? '');
      entities.push({
        $type: 'LocalEntity',
        name,
        annotations: primaryKey === undefined ? [] : [{ name: 'c360:PrimaryKey', value: primaryKey }],
        attributes: columns.map((column) =>
          typeof column === 'string'
            ? { name: column, dataType: 'string' }
            : { name: column[0], dataType: column[1] },
        ),
        partitions: (locations ?? files.map((file) => `${ADDRESS}/${file}`)).map((location, index) => ({
          name: `${name}_${index + 1}`,
          refreshTime: '2026-11-23T02:14:31.4482155+00:00',
          location,
          ...(settings && { fileFormatSettings: settings }),
        })),
      });
    }
    const text = { name: 'Export', version: '1.0', modifiedTime: date, ...model, entities };
    await this.write('model.json', JSON.stringify(text));
  }

  open(input: CdmInput = {}): Promise<OpenSource> {
    const { sources } = ConfigSchema.parse({
      accounts: {},
      sources: { insights: { kind: 'cdm', root: 'root', ...input } },
    });
    const options = {
      baseFolder: this.folder,
      memoryLimit: '128MB',
      scratch: this.scratch,
      secrets: secretResolver(this.folder),
    };
    return openSource(sources['insights']!, options);
  }

  async with<Result>(input: CdmInput, work: (source: OpenSource) => Promise<Result>): Promise<Result> {
    const source = await this.open(input);
    try {
      return await work(source);
    } finally {
      await source.close();
    }
  }

  /** All segments, in the order of the source, with these attributes. */
  extract(input: CdmInput, attributes: readonly string[]): Promise<Extracted> {
    return this.with(input, async (source) => {
      const { segments } = await source.describe();
      const into = await mkdtemp(join(this.folder, 'into-'));
      const extract = await source.extract({ attributes, segments: segments.map(({ id }) => id), into });
      return { ...extract, rows: await this.#rowsOf(into) };
    });
  }

  /** Has something happen in the middle of each of so many readings. */
  async during(readings: number, happen: (reading: number) => Promise<void>): Promise<void> {
    const seen = new Set<string>();
    // Where a reading does not come, its test fails, and this would run for ever.
    while (seen.size < readings && !this.#isRemoved) {
      for (const folder of await readdir(this.scratch).catch(() => [])) {
        if (seen.has(folder)) continue;
        // A reading may delete its folder at any moment.
        const files = await readdir(join(this.scratch, folder)).catch(() => []);
        if (!files.some((name) => name === 'table-profiles.parquet')) continue;
        seen.add(folder);
        await happen(seen.size);
      }
      await setImmediate();
    }
  }

  async #rowsOf(into: string): Promise<Extracted['rows']> {
    const database = await openDatabase({
      folder: join(this.folder, 'work'),
      memoryLimit: '128MB',
      allow: [into],
    });
    const rows = await database.rows<Record<string, string | null>>(
      `FROM ${quoteText(join(into, 'profiles.parquet'))} ORDER BY key`,
    );
    await database.close();
    return Object.fromEntries(rows.map(({ key, ...values }) => [key, Object.values(values)]));
  }

  /** Throws where a source left rows behind. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    const left = await readdir(this.scratch).catch(() => []);
    await rm(this.folder, { recursive: true });
    if (left.length > 0) throw new Error(`the source left ${left.join(', ')} in scratch`);
  }
}
