import { userInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { countSource, readSource } from '../../src/plugin/open-to-read';
import { WorkerConfigSchema } from '../../src/config/config';
import { Fixture } from './files/fixture';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
  await fixture.write('people.csv', 'id,email\n1,a@b.org\n2,b@b.org\n3,c@b.org\n4,d@b.org\n');
});
afterEach(() => fixture.remove());

const config = WorkerConfigSchema.parse({
  accounts: {},
  sources: {
    people: {
      kind: 'files',
      profiles: { path: 'people.csv', key: 'id' },
      segments: {
        low: { sql: "SELECT id FROM profiles WHERE id < '3'" },
        even: { sql: "SELECT id FROM profiles WHERE id IN ('2', '4')" },
        none: { sql: 'SELECT id FROM profiles WHERE false' },
      },
    },
  },
});
const source = () => ({ name: 'people', baseFolder: fixture.folder });

describe('Segments of a source', () => {
  test('are counted, and a profile of several segments counts once in a choice of them', async () => {
    const { profiles, distinct } = await countSource(config, {
      ...source(),
      email: 'email',
      segments: ['low', 'even', 'none'],
    });
    expect([...profiles]).toEqual([
      ['low', 2],
      ['even', 2],
      ['none', 0],
    ]);
    expect(distinct(['low', 'even'])).toEqual({ profiles: 3, isExact: true });
    expect(distinct(['even'])).toEqual({ profiles: 2, isExact: true });
    expect(distinct(['none'])).toEqual({ profiles: 0, isExact: true });
    expect(distinct([])).toEqual({ profiles: 0, isExact: true });
  });

  test('are read by the OS user of the process', async () => {
    expect(await readSource(config, source())).toMatchObject({
      attributes: ['id', 'email'],
      segments: [{ id: 'low' }, { id: 'even' }, { id: 'none' }],
      identity: `OS user ${userInfo().username}`,
    });
  });
});
