import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConfigureInput } from '../../src/client';
import { callMailchimp } from '../support/mailchimp';
import { AUDIENCE, AUDIENCE_SEED, openStage, type Stage } from '../support/stage';

const FIELDS = [
  { tag: 'FULLNAME', name: 'Name', type: 'text' as const },
  { tag: 'ADDRESS', name: 'Address', type: 'address' as const },
  { tag: 'LEVEL', name: 'Level', type: 'dropdown' as const, options: { choices: ['Gold', 'Silver'] } },
];

const MATCHING: Partial<ConfigureInput> = {
  email: ['email', 'private'],
  fields: {
    FULLNAME: { sql: "first || ' ' || last" },
    ADDRESS: { address: { addr1: 'street', city: 'town', state: { sql: "'-'" }, zip: 'code' } },
    LEVEL: 'level',
  },
  groups: { 'News/weekly': 'weekly', 'Music/Jazz': { attribute: 'jazz', empty: 'keep' } },
  language: 'language',
  addOnlyIf: 'may',
  signup: { ip: 'ip', at: 'at' },
};

const COLUMNS = 'id,email,private,first,last,street,town,code,level,weekly,jazz,language,may,ip,at';

let stage: Stage;
beforeAll(async () => {
  const seed = {
    ...AUDIENCE_SEED,
    mergeFields: FIELDS,
    groups: { News: ['Weekly', 'Daily'], Music: ['Jazz'] },
  };
  stage = await openStage({ sandbox: { audiences: [seed] } });
  await stage.writeMembers(Array.from({ length: 12 }, (_, index) => [String(index), 'vip'] as const));
});
afterAll(() => stage.close());

/** Twelve people: more than a canary takes, so that the others travel as a batch. The last two may not be added. */
async function writePeople({
  weekly,
  street,
}: {
  readonly weekly: string;
  readonly street: string;
}): Promise<void> {
  const lines = Array.from({ length: 12 }, (_, index) =>
    [
      index,
      index === 1 ? 'no address' : `work${index}@mail.chinook.org`,
      `home${index}@mail.chinook.org`,
      'Ada',
      `O'Neil ${index}`,
      index === 2 ? '' : street,
      'Oslo',
      '0150',
      'gold',
      weekly,
      'yes',
      'no-NO',
      index < 10 ? 'yes' : 'no',
      '203.0.113.7',
      '2024-05-06 07:08:09',
    ].join(','),
  );
  await writeFile(join(stage.folder, 'profiles.csv'), [COLUMNS, ...lines, ''].join('\n'));
}

const memberOf = (email: string) => callMailchimp(stage.sandbox, `GET /lists/${AUDIENCE}/members/${email}`);

async function groupIds(): Promise<ReadonlyMap<string, string>> {
  const { categories } = (await callMailchimp(
    stage.sandbox,
    `GET /lists/${AUDIENCE}/interest-categories`,
  )) as {
    categories: { id: string }[];
  };
  const lists = await Promise.all(
    categories.map(({ id }) =>
      callMailchimp(stage.sandbox, `GET /lists/${AUDIENCE}/interest-categories/${id}/interests`),
    ),
  );
  const interests = lists.flatMap(
    (list) => list['interests'] as { id: string; name: string; category_id: string }[],
  );
  return new Map(interests.map(({ name, id, category_id }) => [name, `${category_id} ${id}`]));
}

test('everything that is matched arrives, by both lanes; a deleted group stops the next export before it sends', async () => {
  await writePeople({ weekly: 'yes', street: '1 "Main" St' });
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure({ ...MATCHING, segments: { vip: 'VIP' } });
    const first = await stage.export();
    expect(first).toMatchObject({ status: 'completed', outcomes: { created: 10, suppressed: 2 } });
    expect(first.tally?.lanes).toMatchObject({ batch: 5, direct: 5 });
    expect(first.refusals).toEqual([expect.objectContaining({ class: 'not_allowed', count: 2 })]);
    expect(first.warnings).toMatchObject([{ field: 'ADDRESS', kind: 'omitted', count: 1 }]);
    const ids = await groupIds();
    const [, weekly = ''] = ids.get('Weekly')?.split(' ') ?? [];
    const [, daily = ''] = ids.get('Daily')?.split(' ') ?? [];
    const [, jazz = ''] = ids.get('Jazz')?.split(' ') ?? [];
    for (const email of ['work0', 'home1', 'work2', 'work9'].map((name) => `${name}@mail.chinook.org`)) {
      expect(await memberOf(email)).toMatchObject({
        merge_fields: { FULLNAME: expect.stringMatching(/^Ada O'Neil \d$/), LEVEL: 'Gold' },
        interests: { [weekly]: true, [daily]: false, [jazz]: true },
        language: 'no',
        ip_signup: '203.0.113.7',
        timestamp_signup: '2024-05-06T07:08:09+00:00',
      });
    }
    expect(await memberOf('work9@mail.chinook.org')).toMatchObject({
      merge_fields: { ADDRESS: { addr1: '1 "Main" St', city: 'Oslo', state: '-', zip: '0150' } },
    });
    expect(await memberOf('work2@mail.chinook.org')).toMatchObject({ merge_fields: { ADDRESS: '' } });

    // A contact joins a group of its own, which is not matched.
    const path = `/lists/${AUDIENCE}/members/work9@mail.chinook.org`;
    await callMailchimp(stage.sandbox, `PATCH ${path}`, { interests: { [daily]: true } });
    await writePeople({ weekly: '', street: '2 Main St' });
    const second = await stage.export();
    expect(second).toMatchObject({ status: 'completed', outcomes: { updated: 10, suppressed: 2 } });
    expect(await memberOf('work9@mail.chinook.org')).toMatchObject({
      merge_fields: { ADDRESS: { addr1: '2 Main St' } },
      interests: { [weekly]: false, [daily]: true, [jazz]: true },
    });
    const third = await stage.export();
    expect(third.outcomes).toMatchObject({ unchanged: 10, suppressed: 2 });

    const [category] = ids.get('Jazz')?.split(' ') ?? [];
    const group = `/lists/${AUDIENCE}/interest-categories/${category}/interests/${jazz}`;
    await callMailchimp(stage.sandbox, `DELETE ${group}`);
    const fourth = await stage.export();
    expect(fourth).toMatchObject({
      status: 'failed',
      failure: { code: 'GROUP_NOT_FOUND', message: expect.stringContaining('"Music/Jazz"') },
    });
  });
});
