import { describe } from '@jest/globals';
import { segmentSourceContract, type SourceContent } from '../../../src/testing';
import type { SqlInput } from './fixture';
import { runContract } from '../../ports/run-contract';
import { Fixture, csv } from './fixture';

/** Profiles in files, members in a lake. */
async function write(fixture: Fixture, { attributes, profiles, segments }: SourceContent): Promise<void> {
  await fixture.write('profiles.csv', [attributes, ...profiles]);
  await fixture.lake.publish(
    segments.map(({ id, members }) => ({
      name: `Segment_${id}`,
      columns: ['Id'],
      partitions: [csv(members.map((key) => [key]))],
    })),
  );
}

const tablesOf = ({ segments }: SourceContent): SqlInput['tables'] => ({
  people: { kind: 'files', path: 'profiles.csv' },
  ...Object.fromEntries(
    segments.map(({ id }) => [`members_${id}`, { kind: 'cdm', root: 'root', table: `Segment_${id}` }]),
  ),
});

const FORMS: Readonly<Record<string, (content: SourceContent) => SqlInput>> = {
  'profiles in files and members in a lake': (content) => ({
    tables: tablesOf(content),
    profiles: { table: 'people', key: content.attributes[0]! },
    segments: Object.fromEntries(
      content.segments.map(({ id, name }) => [id, { name, members: { table: `members_${id}`, key: 'Id' } }]),
    ),
  }),
  'profiles in SQL and SQL that joins both kinds': (content) => ({
    tables: tablesOf(content),
    profiles: { sql: 'SELECT * FROM people', key: content.attributes[0]! },
    segments: Object.fromEntries(
      content.segments.map(({ id, name }) => [
        id,
        {
          name,
          sql: `SELECT m.Id FROM members_${id} m LEFT JOIN people p ON p."${content.attributes[0]}" = m.Id`,
        },
      ]),
    ),
  }),
};

describe.each(Object.entries(FORMS))('the contract of SegmentSource, with %s', (_, form) => {
  runContract(
    segmentSourceContract(async (content) => {
      const fixture = await Fixture.make();
      await write(fixture, content);
      const source = await fixture.open(form(content));
      const close = async () => {
        await source.close();
        await fixture.remove();
      };
      return { source, change: (other) => write(fixture, other), close };
    }),
  );
});
