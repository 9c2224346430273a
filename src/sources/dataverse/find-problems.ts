import type { SourceProblem } from '../../ports/source';
import { FoundProblems } from '../found-problems';
import { PROFILES } from '../files/table';
import { type DataverseContext, memberColumns } from './reading';
import { requireTimes } from './refresh-state';
import { describeMetadata, listSegments, requireListed, segmentsOf } from './segment-names';
import { type Table, describeTable, requireColumns, rowsOf } from './table';
import { WebApi } from './web-api';

/** Signs in, describes what the source reads, and asks for one key of each table, to see whether it may be read. Goes on after each problem. */
export async function findProblems({
  config,
  options,
  stopped,
}: DataverseContext): Promise<readonly SourceProblem[]> {
  const api = new WebApi(config, options.secrets, stopped);
  const problems = new FoundProblems();
  const lookAt = async (table: Table, columns: readonly string[], filter: string | undefined) => {
    requireColumns(table, columns);
    requireTimes([table], config.quietMinutes);
    const { options: query, ...rest } = rowsOf(table, columns, filter);
    await api.firstPage({ ...rest, options: { ...query, $top: '1' } });
  };
  await problems.attempt('', () => api.signIn());
  if (problems.all.length > 0) return problems.all;
  await problems.attempt(PROFILES, async () => {
    const table = await describeTable(api, { what: PROFILES, name: config.profiles.table });
    await lookAt(table, [config.profiles.key], config.profiles.filter);
  });
  await problems.attempt('members', async () => {
    const table = await describeTable(api, { what: 'members', name: config.members.table });
    await lookAt(table, memberColumns(config), config.members.filter);
  });
  const names = await problems.attempt('metadata', async () => {
    const metadata = await describeMetadata(api, config);
    return { listed: metadata && (await listSegments(api, metadata)) };
  });
  if (!names) return problems.all;
  const { listed } = names;
  const segments = segmentsOf(config, listed);
  for (const id of Object.keys(config.segments ?? {}))
    await problems.attempt(`segments.${id}`, async () => requireListed(segments, [id], listed));
  return problems.all;
}
