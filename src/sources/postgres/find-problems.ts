import { ExportError } from '../../errors';
import type { SourceProblem } from '../../ports/source';
import { FoundProblems } from '../found-problems';
import { membershipScans } from '../files/segments';
import {
  type PostgresContext,
  describe,
  membersOf,
  profilesOf,
  querySegment,
  withTransaction,
} from './reading';
import type { RelationConfig } from './relation';
import type { Session } from './session';
import { VERSION_SQL, askVersion } from './version';

/** Connects, and describes all that the source reads, without a row of it. Goes on after each problem. */
export async function findProblems(context: PostgresContext): Promise<readonly SourceProblem[]> {
  const problems = new FoundProblems();
  await problems.attempt('', () =>
    withTransaction(context, (session) => describeAll(session, context, problems)),
  );
  return problems.all;
}

async function describeAll(
  session: Session,
  context: PostgresContext,
  problems: FoundProblems,
): Promise<void> {
  const { config } = context;
  const attempt = async (at: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      // Without a connection, the others are not known.
      if (error instanceof ExportError && error.code === 'SOURCE_UNAVAILABLE') throw error;
      problems.add(at, error);
      await session.recover();
    }
  };
  const profiles = profilesOf(config);
  await attempt(profiles.at, () => describe(session, profiles, [config.profiles.key]));
  const ids = Object.keys(config.segments);
  for (const scan of membershipScans<RelationConfig>(config, ids)) {
    const members = membersOf(scan, ids[scan.values[0]?.segment ?? 0] ?? '');
    await attempt(members.at, () => describe(session, members, scan.required));
  }
  // In a session of its own, since its time is short.
  if (config.versionSql !== undefined) await attempt(VERSION_SQL, () => askVersion([config], context));
  for (const [id, segment] of Object.entries(config.segments)) {
    if (!('sql' in segment)) continue;
    const query = querySegment(id, segment.sql);
    await attempt(query.at, () => session.columnsOf(query));
  }
}
