import { createWriteStream } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { diskFull } from '../../duckdb/database-error';
import { type Driver, loadDriver } from './driver';
import type { ServerSettings } from './connection-settings';
import { LineWatch } from './line-watch';
import { asPostgresError } from './postgres-error';
import type { Relation } from './relation';

const CONNECT_MS = 20_000;
const LOCK_SECONDS = 30;
/** After its own limit, a server that still says nothing is not there. */
const SILENCE_MS = 30_000;

export interface SessionOptions {
  readonly timeoutSeconds: number;
  readonly stopped: AbortSignal;
}

export interface CopiedRows {
  readonly rows: number;
  /** Whether a row may be longer than DuckDB takes. */
  readonly mayBeLong: boolean;
}

/** A transaction that reads: all of its statements see the database as it was at the first. */
export interface Session {
  /** The role whose rights count, which can be another one than that of the login. */
  role(): Promise<string>;
  /** Names of the columns, in their order. Reads no rows. */
  columnsOf(relation: Relation): Promise<readonly string[]>;
  /** The texts of a relation that has one row; undefined where it has another number of them. */
  rowOf(relation: Relation): Promise<readonly (string | null)[] | undefined>;
  /** Appends the rows of a query over a relation to a file, as CSV. */
  copy(relation: Relation, query: string, file: string): Promise<CopiedRows>;
  /** Goes on after a statement was refused, with the same state of the database. */
  recover(): Promise<void>;
}

/**
 * Lends a session. What `body` returns counts only if the server ends the transaction afterwards: rows of a connection that was lost are a part.
 *
 * @throws ExportError SOURCE_UNREADABLE, SOURCE_UNAVAILABLE, SEGMENT_SQL_INVALID, CONFIG_INVALID, DISK_FULL
 */
export async function withSession<Result>(
  server: ServerSettings,
  options: SessionOptions,
  body: (session: Session) => Promise<Result>,
): Promise<Result> {
  options.stopped.throwIfAborted();
  const session = new PostgresSession(server, options, loadDriver());
  const stop = () => session.disconnect();
  options.stopped.addEventListener('abort', stop);
  try {
    await session.begin();
    const result = await body(session);
    await session.commit();
    return result;
  } catch (error) {
    options.stopped.throwIfAborted();
    throw error;
  } finally {
    options.stopped.removeEventListener('abort', stop);
    await session.close();
  }
}

class PostgresSession implements Session {
  readonly #client: Client;
  readonly #server: ServerSettings;
  readonly #timeoutSeconds: number;
  readonly #copyTo: Driver['copyTo'];
  /** Rejects when the connection is to be given up: the driver would settle some calls never. */
  readonly #lost: Promise<never>;
  #lose: (error: Error) => void = () => {};
  readonly #closing = new AbortController();
  #written: Promise<void> = Promise.resolve();

  constructor(server: ServerSettings, { timeoutSeconds }: SessionOptions, { Client, copyTo }: Driver) {
    const { host, port, database, user, password, ssl } = server;
    this.#client = new Client({
      host,
      port,
      database,
      user,
      // A function, since the driver would take that of PGPASSWORD or ~/.pgpass in place of an empty one.
      password: () => password ?? '',
      ssl,
      application_name: 'temporal-mailchimp',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    this.#lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.#lost.catch(() => undefined);
    // Without a listener, a connection that is lost between two statements ends the process.
    this.#client.on('error', this.#lose);
    this.#server = server;
    this.#timeoutSeconds = timeoutSeconds;
    this.#copyTo = copyTo;
  }

  async begin(): Promise<void> {
    await this.#attempt(undefined, async () => {
      await this.#client.connect();
      await this.#client.query(`
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
        SET LOCAL statement_timeout = '${this.#timeoutSeconds}s';
        SET LOCAL lock_timeout = '${LOCK_SECONDS}s';
        SET LOCAL idle_in_transaction_session_timeout = 0;
        SET LOCAL standard_conforming_strings = on;
        SET LOCAL DateStyle = 'ISO, YMD';
        SET LOCAL IntervalStyle = 'postgres';
        SET LOCAL TimeZone = 'UTC';
        SET LOCAL bytea_output = 'hex';
        SET LOCAL extra_float_digits = 1;
        SAVEPOINT settings`);
      // So that a statement ends soon after we have gone. Servers before version 14 have no such setting, and some systems refuse it.
      await this.#client
        .query(
          "SELECT set_config(name, '1s', true) FROM pg_settings WHERE name = 'client_connection_check_interval'",
        )
        .catch(() => this.#client.query('ROLLBACK TO SAVEPOINT settings'));
      await this.#client.query('SAVEPOINT statement');
    });
  }

  async role(): Promise<string> {
    return this.#attempt(undefined, async () => {
      const { rows } = await this.#client.query<{ role: string }>('SELECT current_user AS role');
      return rows[0]?.role ?? '';
    });
  }

  async columnsOf(relation: Relation): Promise<readonly string[]> {
    return this.#attempt(relation, async () => {
      // Extended: the protocol takes one statement only, so that no SQL of the configuration can end ours and begin another.
      const described = { text: `SELECT * FROM ${relation.from} AS q LIMIT 0`, queryMode: 'extended' };
      const { fields } = await this.#client.query(described);
      return fields.map(({ name }) => name);
    });
  }

  async rowOf(relation: Relation): Promise<readonly (string | null)[] | undefined> {
    const columns = await this.columnsOf(relation);
    const names = columns.map((_, index) => `c${index}`);
    return this.#attempt(relation, async () => {
      const values = names.map((name) => `q.${name}::text`).join(', ');
      const text = `SELECT ${values} FROM ${relation.from} AS q(${names.join(', ')}) LIMIT 2`;
      const { rows } = await this.#client.query<(string | null)[]>({ text, rowMode: 'array' });
      return rows.length === 1 ? rows[0] : undefined;
    });
  }

  async copy(relation: Relation, query: string, file: string): Promise<CopiedRows> {
    return this.#attempt(relation, async () => {
      const rows = this.#client.query(this.#copyTo(`COPY (${query}) TO STDOUT (FORMAT csv)`));
      const { signal } = this.#closing;
      const watch = new LineWatch();
      rows.on('data', (bytes: Buffer) => watch.see(bytes));
      const piped = pipeline(rows, createWriteStream(file, { flags: 'a', mode: 0o600 }), { signal });
      this.#written = piped.catch(() => undefined);
      await piped;
      // The stream ends before the server has said that the statement did.
      await this.#client.query('RELEASE SAVEPOINT statement; SAVEPOINT statement');
      return { rows: rows.rowCount, mayBeLong: watch.mayBeLong };
    });
  }

  async recover(): Promise<void> {
    await this.#attempt(undefined, () => this.#client.query('ROLLBACK TO SAVEPOINT statement'));
  }

  async commit(): Promise<void> {
    await this.#attempt(undefined, () => this.#client.query('COMMIT'));
  }

  /** Also waits until nothing is written any longer: the folder is deleted next. */
  async close(): Promise<void> {
    this.disconnect();
    await this.#written;
  }

  /** At once, whatever runs. Repeated, it does nothing. */
  disconnect(): void {
    this.#lose(new Error('Connection terminated'));
    this.#closing.abort();
    void this.#client.end().catch(() => undefined);
    // A client that is connecting, or busy, would wait for the server.
    setImmediate(() => this.#socket()?.destroy());
  }

  #socket(): { destroy(): void } | undefined {
    return (this.#client as Client & { connection?: { stream?: { destroy(): void } } }).connection?.stream;
  }

  async #attempt<Result>(relation: Relation | undefined, work: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    const silence = setTimeout(
      () => this.#lose(new Error('timeout expired')),
      this.#timeoutSeconds * 1000 + SILENCE_MS,
    );
    try {
      return await Promise.race([work(), this.#lost]);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull();
      throw asPostgresError(error, {
        relation,
        server: this.#server,
        timeoutSeconds: this.#timeoutSeconds,
        seconds: (performance.now() - start) / 1000,
      });
    } finally {
      clearTimeout(silence);
    }
  }
}
