import { expect, test } from '@jest/globals';
import { growthAtFourTimes } from '../../support/processor-time';
import { Fixture } from './fixture';

const SEGMENTS = 1_300;
const PROFILES = 20;
/** Planning one statement of all segments took 12 s of 13, and grew with their square. */
const MAX_GROWTH = 8;

const keys = Array.from({ length: PROFILES }, (_, index) => `${index}`);
const idsOf = (segments: number) => Array.from({ length: segments }, (_, index) => `s${index}`);

test('1,300 segments of a list take about four times as much processor time as a quarter of them, each with its members', async () => {
  const fixture = await Fixture.make();
  await fixture.write(
    'profiles.csv',
    ['Id,Email', ...keys.map((key) => `${key},p${key}@mail.test`)].join('\n'),
  );
  const lists = { members: { path: 'members.csv', key: 'Id', segment: 'Segment' } };
  const growth = await growthAtFourTimes(SEGMENTS, async (count) => {
    const ids = idsOf(count);
    const rows = ids.flatMap((id, segment) => keys.slice(segment % PROFILES).map((key) => `${key},${id}`));
    await fixture.write('members.csv', ['Id,Segment', ...rows].join('\n'));
    const { members } = await fixture.extract(
      {
        profiles: { path: 'profiles.csv', key: 'Id' },
        segments: Object.fromEntries(ids.map((id) => [id, lists])),
      },
      { attributes: ['Email'], segments: ids },
    );
    expect(members).toEqual(ids.map((_, segment) => PROFILES - (segment % PROFILES)));
  });
  expect(growth).toBeLessThan(MAX_GROWTH);
  await fixture.remove();
});

// A comment at the end must not hide what follows the SQL.
const sql = (segment: number) =>
  `SELECT Id FROM profiles WHERE TRY_CAST(Id AS INTEGER) >= ${segment % PROFILES} -- of ${PROFILES}`;

test('1,300 segments of SQL take about four times as much processor time as a quarter of them, each with its members', async () => {
  const fixture = await Fixture.make();
  await fixture.write(
    'profiles.csv',
    ['Id,Email', ...keys.map((key) => `${key},p${key}@mail.test`)].join('\n'),
  );
  const growth = await growthAtFourTimes(SEGMENTS, async (count) => {
    const ids = idsOf(count);
    const segments = Object.fromEntries(ids.map((id, segment) => [id, { sql: sql(segment) }]));
    const { members } = await fixture.extract(
      { profiles: { path: 'profiles.csv', key: 'Id' }, segments },
      { attributes: ['Email'], segments: ids },
    );
    expect(members).toEqual(ids.map((_, segment) => PROFILES - (segment % PROFILES)));
  });
  expect(growth).toBeLessThan(MAX_GROWTH);
  await fixture.remove();
});

test('a segment of SQL that fails beside others is named in the error', async () => {
  const fixture = await Fixture.make();
  await fixture.write('profiles.csv', 'Id,Email\n1,p1@mail.test\n');
  const segments = {
    fine: { sql: 'SELECT Id FROM profiles' },
    broken: { sql: 'SELECT CAST(Email AS INTEGER) FROM profiles' },
    last: { sql: 'SELECT Id FROM profiles' },
  };
  const extracted = fixture.extract(
    { profiles: { path: 'profiles.csv', key: 'Id' }, segments },
    { attributes: ['Email'], segments: Object.keys(segments) },
  );
  await expect(extracted).rejects.toMatchObject({
    code: 'SEGMENT_SQL_INVALID',
    details: { segment: 'broken' },
  });
  await fixture.remove();
});
