import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresSourceInput, PostgresSourceSchema } from '../../../src/config/postgres-config';
import { secretResolver } from '../../../src/config/secrets';
import { openDatabase } from '../../../src/duckdb/open';
import { quoteName, quoteText } from '../../../src/duckdb/quote';
import type { OpenSource, SourceExtract } from '../../../src/ports/source';
import { openSource } from '../../../src/sources';
import type { PostgresServer } from '../../support/postgres-server';

export const READER = 'reader';
/** Characters that a URL has to escape. */
export const PASSWORD = 'p@ss/w:ord %';

export type Input = Omit<PostgresSourceInput, 'kind'>;
type Content = Pick<Input, 'profiles' | 'segments'>;

interface Extracted extends SourceExtract {
  /** Values by key, after it. */
  readonly rows: Readonly<Record<string, readonly (string | null)[]>>;
}

/** A schema of a database, and a folder. */
export class Fixture {
  readonly folder: string;
  readonly schema = `s_${randomUUID().slice(0, 8)}`;
  readonly #server: PostgresServer;
  readonly #open: OpenSource[] = [];

  private constructor(server: PostgresServer, folder: string) {
    this.#server = server;
    this.folder = folder;
  }

  static async make(server: PostgresServer): Promise<Fixture> {
    const fixture = new Fixture(server, await mkdtemp(join(tmpdir(), 'postgres-source-')));
    await writeFile(join(fixture.folder, 'password'), PASSWORD);
    await server.sql(`
      CREATE SCHEMA ${fixture.schema};
      GRANT USAGE ON SCHEMA ${fixture.schema} TO ${READER};
      ALTER DEFAULT PRIVILEGES IN SCHEMA ${fixture.schema} GRANT SELECT ON TABLES TO ${READER}`);
    return fixture;
  }

  /** Runs SQL as the superuser, with the schema as the first of the search path. */
  async sql(text: string): Promise<readonly Record<string, unknown>[]> {
    return this.#server.sql(`SET search_path = ${this.schema}; ${text}`);
  }

  /** A table of texts. */
  async table(name: string, columns: readonly string[], rows: readonly (readonly (string | null)[])[]) {
    const definition = columns.map((column) => `${quoteName(column)} text`).join(', ');
    const values = rows.map((row) => `(${row.map(value).join(', ')})`).join(', ');
    await this.sql(`
      DROP TABLE IF EXISTS ${quoteName(name)};
      CREATE TABLE ${quoteName(name)} (${definition});
      ${rows.length > 0 ? `INSERT INTO ${quoteName(name)} VALUES ${values}` : ''}`);
  }

  get connection(): Input['connection'] & object {
    const { port } = this.#server;
    return { port, database: 'postgres', user: READER, password: 'file:password' };
  }

  open(content: Content, more: Partial<Input> = {}): Promise<OpenSource> {
    const address = more.url === undefined ? { connection: this.connection } : {};
    return this.openWith({ ...content, ...address, ...more });
  }

  async openWith(input: Input): Promise<OpenSource> {
    const config = PostgresSourceSchema.parse({ kind: 'postgres', ...input });
    const source = await openSource(config, {
      baseFolder: this.folder,
      memoryLimit: '128MB',
      scratch: join(this.folder, 'scratch'),
      secrets: secretResolver(this.folder),
    });
    this.#open.push(source);
    return source;
  }

  async extract(
    source: OpenSource,
    request: { readonly attributes: readonly string[]; readonly segments: readonly string[] },
  ): Promise<Extracted> {
    const into = join(this.folder, `into-${randomUUID()}`);
    await mkdir(into);
    const extract = await source.extract({ ...request, into });
    return { ...extract, rows: await this.#read(into) };
  }

  async #read(into: string): Promise<Extracted['rows']> {
    const database = await openDatabase({ folder: this.folder, memoryLimit: '128MB', allow: [into] });
    const rows = await database.rows<Record<string, string | null>>(
      `FROM ${quoteText(join(into, 'profiles.parquet'))} ORDER BY key`,
    );
    await database.close();
    return Object.fromEntries(rows.map((row) => [String(row['key']), Object.values(row).slice(2)]));
  }

  /** Throws where a source left something behind: rows of people may not. */
  async remove(): Promise<void> {
    for (const source of this.#open) await source.close();
    const left = await readdir(join(this.folder, 'scratch')).catch(() => []);
    await this.#server.sql(`DROP SCHEMA ${this.schema} CASCADE`);
    await rm(this.folder, { recursive: true });
    if (left.length > 0) throw new Error(`the source left ${left.join(', ')} in scratch`);
  }
}

const value = (text: string | null) => (text === null ? 'NULL' : quoteText(text));

/** The role that sources read as. */
export async function makeReader(server: PostgresServer): Promise<void> {
  await server.sql(`CREATE ROLE ${READER} LOGIN PASSWORD ${quoteText(PASSWORD)}`);
}

/** Two profiles, both in the segment vip. */
export async function makeTwo(fixture: Fixture) {
  const people = `${fixture.schema}.people`;
  await fixture.table(
    'people',
    ['id', 'email'],
    [
      ['p1', 'ann@nordlichtpost.de'],
      ['p2', 'bob@nordlichtpost.de'],
    ],
  );
  const segments = { vip: { sql: `SELECT id FROM ${people}` } };
  return { profiles: { table: people, key: 'id' }, segments };
}
