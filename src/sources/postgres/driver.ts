import type * as Pg from 'pg';
import type * as PgCopyStreams from 'pg-copy-streams';
import { ExportError } from '../../errors';

export interface Driver {
  readonly Client: typeof Pg.Client;
  /** A statement `COPY … TO STDOUT`, which is a stream of its rows. */
  readonly copyTo: (sql: string) => PgCopyStreams.CopyToStreamQuery;
}

/**
 * `require`, since the packages are installed only by those who have such a source.
 * @throws ExportError CONFIG_INVALID
 */
export function loadDriver(): Driver {
  try {
    const { Client } = require('pg') as typeof Pg;
    const { to } = require('pg-copy-streams') as typeof PgCopyStreams;
    return { Client, copyTo: to };
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      'A source of kind postgres needs the packages pg and pg-copy-streams, of which one is not installed. Install both beside this package: npm install pg pg-copy-streams',
    );
  }
}
