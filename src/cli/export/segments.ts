import { count } from '../../text/format';
import { print, type Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { toCsv } from '../text/csv';
import { table } from '../text/table';
import { findReported } from './find';

const COLUMNS = [
  'segment',
  'tag',
  'profiles',
  'tagged',
  'untagged',
  'failed',
  'notSent',
  'unmatched',
] as const;

/** Lists the counts of every segment of an export, or of a plan. Its report has some of them where there are many. */
export async function showSegments(
  invocation: Invocation,
  { destinationId, numberOrId }: { readonly destinationId: string; readonly numberOrId: string | undefined },
  { csv }: { readonly csv?: boolean },
): Promise<undefined> {
  if (csv && invocation.options.json) invocation.usageError('--csv and --json exclude each other');
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const found = await findReported(invocation, view, numberOrId);
  const reader = await openStoreOf(invocation, found.report);
  const segments = await reader.readSegments(found.report);
  const rows = segments.map(
    ({ segment, name, profiles, tagged, untagged, failed, notSent = 0, unmatched }) =>
      [segment, name, profiles, tagged, untagged, failed, notSent, unmatched?.keys ?? 0] as const,
  );
  if (csv) {
    invocation.terminal.out(toCsv(COLUMNS, rows));
    return;
  }
  const { exportId, number } = found;
  print(invocation, {
    json: { destinationId, exportId, number, segments },
    text: (page) =>
      table(
        ['SEGMENT', 'TAG', 'PROFILES', 'TAGGED', 'UNTAGGED', 'FAILED', 'NOT SENT', { optional: 'UNMATCHED' }],
        rows.map(([segment, tag, ...counts]) => [segment, tag, ...counts.map(count)]),
        page,
      ),
  });
}
