import { createHash } from 'node:crypto';
import type { EnvironmentConfig } from '../../config/dataverse-config';
import { ExportError } from '../../errors';
import { copiedTable } from '../files/copied-table';
import type { TextTable } from '../files/table';
import { withDownload } from './download';
import { PageFile } from './page-file';
import type { RefreshState } from './refresh-state';
import type { Query, WebApi } from './web-api';

/** A table, what is read of it, and the name of its file. */
export interface Copy {
  readonly file: string;
  readonly query: Query;
  readonly columns: readonly string[];
}

/** Rows of a table, in a file. */
export interface Copied extends Pick<Copy, 'columns'> {
  /** For messages. */
  readonly what: string;
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

interface CopyRequest {
  readonly api: WebApi;
  readonly environment: Pick<EnvironmentConfig, 'url' | 'clientId' | 'pageSize'>;
  readonly scratch: string;
  readonly state: RefreshState;
  readonly isUnchanged: () => Promise<boolean>;
  readonly copies: readonly Copy[];
}

/**
 * Downloads tables one after the other, or what an earlier attempt at the same state has not downloaded of them, and lends the copies.
 *
 * @returns undefined where the source was written to during the reading, so that nothing of it counts
 */
export async function withCopies<Result>(
  { api, environment, scratch, state, isUnchanged, copies }: CopyRequest,
  lend: (copied: readonly Copied[], folder: string) => Promise<Result>,
): Promise<{ readonly result: Result } | undefined> {
  const { url, clientId, pageSize } = environment;
  // Another application may be allowed to read other rows.
  const read = JSON.stringify([url, clientId, pageSize, copies, state.text]);
  const digest = createHash('sha256').update(read).digest('hex').slice(0, 16);
  return withDownload({ scratch, digest }, async (folder, earlier) => {
    const copied: Copied[] = [];
    for (const copy of copies) copied.push(await download(api, copy, { folder, earlier }));
    if (!(await isUnchanged())) return undefined;
    return { result: await lend(copied, folder) };
  });
}

/** A copy as a table for DuckDB. */
export function tableOfCopy({ what, path: file, rows, bytes, columns }: Copied): TextTable {
  // Each line ends with a value of its own: see `PageFile`.
  return copiedTable({ what, file, bytes, rows, columns: [...columns, ''] });
}

interface Folders {
  readonly folder: string;
  /** Of an attempt that ended early. */
  readonly earlier: string | undefined;
}

async function download(
  api: WebApi,
  { file: name, query, columns }: Copy,
  { folder, earlier }: Folders,
): Promise<Copied> {
  const pages = await PageFile.open(folder, name);
  if (earlier !== undefined) await pages.adopt(earlier, name);
  if (pages.state === undefined) await readPages(api, pages, { query, columns });
  else if (pages.state.next !== null) await goOn(api, pages, { query, columns });
  const { rows, bytes } = pages.state ?? { rows: 0, bytes: 0 };
  return { what: query.what, path: pages.path, rows, bytes, columns };
}

type Wanted = Pick<Copy, 'query' | 'columns'>;

async function readPages(api: WebApi, pages: PageFile, { query, columns }: Wanted): Promise<void> {
  for await (const page of api.pages(query, pages.state?.next)) await pages.append(page, columns, query.what);
}

/** How long the address of a page is valid is documented nowhere: the server may not know that of an earlier attempt. */
async function goOn(api: WebApi, pages: PageFile, wanted: Wanted): Promise<void> {
  try {
    await readPages(api, pages, wanted);
  } catch (error) {
    if (!isRefused(error)) throw error;
    await pages.clear();
    await readPages(api, pages, wanted);
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof ExportError && [400, 404, 410].includes(Number(error.details['status']));
}

/** A smaller source looks like departures. @throws ExportError STAGING_FAILED */
export function requireRows(
  what: string,
  { sent, read }: { readonly sent: number; readonly read: number },
): void {
  if (sent === read) return;
  throw new ExportError(
    'STAGING_FAILED',
    `${what}: Dataverse sent ${sent} rows, of which ${read} were read from the working folder. Check its disk.`,
    { details: { sent, read } },
  );
}
