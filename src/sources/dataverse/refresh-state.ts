import { ExportError } from '../../errors';
import { type Table, newestOf } from './table';
import type { WebApi } from './web-api';

const MINUTE_MS = 60_000;

/** When the tables of a source were last written to. Two that are equal mean: not written to in between, as far as times show. */
export interface RefreshState {
  /** One text for all of it. */
  readonly text: string;
  /** Of the newest change, in milliseconds; undefined where no table has a row. */
  readonly newest: number | undefined;
  /** The time of the server when it was asked. */
  readonly now: number;
}

/** @param others further texts that a refresh changes, such as the times of segments */
export async function refreshState(
  api: WebApi,
  tables: readonly Table[],
  others: readonly string[],
): Promise<RefreshState> {
  const times: (string | null)[] = [];
  let now = Date.now();
  for (const table of tables) {
    if (!table.hasModified) {
      times.push(null);
      continue;
    }
    const page = await api.firstPage(newestOf(table));
    const value = page.rows[0]?.['modifiedon'];
    times.push(typeof value === 'string' ? value : null);
    now = page.now;
  }
  const known = times.flatMap((time) => (time === null ? [] : [Date.parse(time)]));
  return {
    text: JSON.stringify([times, others]),
    newest: known.length === 0 ? undefined : Math.max(...known),
    now,
  };
}

/**
 * Refuses a source that is being refreshed: Customer Insights writes profiles and memberships in an order of its own, and says nowhere that it
 * has ended.
 *
 * @throws ExportError SOURCE_UNAVAILABLE, which is tried again
 */
export function requireQuiet({ newest, now }: RefreshState, quietMinutes: number): void {
  if (newest === undefined || quietMinutes === 0) return;
  const quietMs = now - newest;
  if (quietMs >= quietMinutes * MINUTE_MS) return;
  const ago = Math.max(0, Math.floor(quietMs / MINUTE_MS));
  throw new ExportError(
    'SOURCE_UNAVAILABLE',
    `Customer Insights seems to be refreshing: its tables were written to ${ago < 1 ? 'less than a minute' : ago === 1 ? 'a minute' : `${ago} minutes`} ago. Nothing was read. It is tried again when they have been quiet for ${quietMinutes} minutes (quietMinutes).`,
    // No time to try again at: so that the export soon shows that it waits.
    { details: { quietMinutes } },
  );
}

/** @throws ExportError SOURCE_UNREADABLE */
export function requireTimes(tables: readonly Table[], quietMinutes: number): void {
  const without = tables.find(({ hasModified }) => !hasModified);
  if (without === undefined || quietMinutes === 0) return;
  throw new ExportError(
    'SOURCE_UNREADABLE',
    `${without.what}: it has no column modifiedon, so that a refresh during a reading would not be noticed. If the source is read only while Customer Insights does not refresh, set quietMinutes: 0.`,
  );
}
