import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataverseSourceInput, DataverseSourceSchema } from '../../../src/config/dataverse-config';
import { secretResolver } from '../../../src/config/secrets';
import { openDatabase } from '../../../src/duckdb/open';
import { quoteText } from '../../../src/duckdb/quote';
import type { OpenSource, SourceExtract } from '../../../src/ports/source';
import { openSource } from '../../../src/sources';
import { FakeDataverse } from '../../support/dataverse/fake-dataverse';
import type { FakeTableInput } from '../../support/dataverse/fake-table';

export const PROFILES = 'msdynci_customerprofile';
export const MEMBERS = 'msdynci_segmentmembership';
export const METADATA = 'mscipriv_segmentmetadata';
export const KEY = 'msdynci_customerid';

export type Input = Partial<Omit<DataverseSourceInput, 'kind'>>;

interface Extracted extends SourceExtract {
  /** Values by key, after it. */
  readonly rows: Readonly<Record<string, readonly (string | null)[]>>;
}

/** An environment of Dataverse, and a folder. */
export class Fixture {
  readonly dataverse: FakeDataverse;
  readonly folder: string;
  readonly #open: OpenSource[] = [];

  private constructor(dataverse: FakeDataverse, folder: string) {
    this.dataverse = dataverse;
    this.folder = folder;
  }

  static async make(): Promise<Fixture> {
    const dataverse = await FakeDataverse.start();
    const fixture = new Fixture(dataverse, await mkdtemp(join(tmpdir(), 'dataverse-source-')));
    await writeFile(join(fixture.folder, 'secret'), dataverse.credentials.clientSecret);
    return fixture;
  }

  /** Profiles p0, p1, …, each in the segment all, every second one also in even. */
  putPeople(count: number, more: Partial<FakeTableInput> = {}): void {
    this.dataverse.put({
      name: PROFILES,
      columns: [KEY, 'msdynci_email', 'msdynci_fullname'],
      count,
      row: (index) => ({
        [KEY]: `p${index}`,
        msdynci_email: `p${index}@nordlichtpost.de`,
        msdynci_fullname: `Person "${index}"`,
      }),
      ...more,
    });
    this.dataverse.put({
      name: MEMBERS,
      columns: [KEY, 'msdynci_segments', 'msdynci_segmentmembershiptype'],
      count,
      row: (index) => ({
        [KEY]: `p${index}`,
        msdynci_segments: JSON.stringify({ Segments: index % 2 === 0 ? ['all', 'even'] : ['all'] }),
        msdynci_segmentmembershiptype: 'Customer',
      }),
    });
    this.putMetadata([
      ['all', 'All customers'],
      ['even', 'Every second one'],
    ]);
  }

  putMetadata(rows: readonly (readonly [name: string, displayName: string | null])[]): void {
    this.dataverse.put({ name: METADATA, columns: ['mscipriv_name', 'mscipriv_friendlyname'], rows });
  }

  input(more: Input = {}): DataverseSourceInput {
    const { url, credentials } = this.dataverse;
    const { tenantId, clientId } = credentials;
    return {
      kind: 'dataverse',
      url,
      authority: url,
      tenantId,
      clientId,
      clientSecret: 'file:secret',
      ...more,
    };
  }

  get scratch(): string {
    return join(this.folder, 'scratch');
  }

  async open(more: Input = {}): Promise<OpenSource> {
    const source = await openSource(DataverseSourceSchema.parse(this.input(more)), {
      baseFolder: this.folder,
      memoryLimit: '128MB',
      scratch: this.scratch,
      secrets: secretResolver(this.folder),
    });
    this.#open.push(source);
    return source;
  }

  async extract(
    source: OpenSource,
    segments: readonly string[],
    { attributes = ['msdynci_email'], signal }: { attributes?: readonly string[]; signal?: AbortSignal } = {},
  ): Promise<Extracted> {
    const into = join(this.folder, `into-${randomUUID()}`);
    await mkdir(into);
    const extract = await source.extract({ attributes, segments, into, signal });
    return { ...extract, rows: await this.#read(into) };
  }

  /** Requests for rows of a table so far, with their pages. */
  pagesOf(set: string): string[] {
    return this.dataverse.requests
      .filter((request) => request.includes(`/${set}?`) && !request.includes('$orderby'))
      .map((request) => /pagenumber="(\d+)"/.exec(request)?.[1] ?? '1');
  }

  async #read(into: string): Promise<Extracted['rows']> {
    const database = await openDatabase({ folder: this.folder, memoryLimit: '128MB', allow: [into] });
    const rows = await database.rows<Record<string, string | null>>(
      `FROM ${quoteText(join(into, 'profiles.parquet'))} ORDER BY key`,
    );
    await database.close();
    return Object.fromEntries(rows.map((row) => [String(row['key']), Object.values(row).slice(2)]));
  }

  /** Names in scratch. */
  async left(): Promise<string[]> {
    return readdir(this.scratch).catch(() => []);
  }

  /** Throws where a source left something behind: rows of people may not. @param kept a download that a test has left on purpose */
  async remove(kept = 0): Promise<void> {
    for (const source of this.#open) await source.close();
    const left = await this.left();
    await this.dataverse.close();
    await rm(this.folder, { recursive: true });
    if (left.length > kept) throw new Error(`the source left ${left.join(', ')} in scratch`);
  }
}
