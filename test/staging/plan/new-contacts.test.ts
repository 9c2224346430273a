import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  acknowledgeNew,
  exportAll,
  member,
  openStage,
  rowsOf,
  type Exported,
  type Profile,
  type Stage,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

function person(key: string, values: Readonly<Record<string, string | null>>): Profile {
  return { key, email: `p${key}@mail.test`, first: 'Anna', segments: ['vip'], ...values };
}

const sentTo = ({ chunks }: Exported) => rowsOf(chunks).map(({ email }) => email);

describe('where an attribute says who may be added', () => {
  const addOnlyIf = 'may';

  test('new contacts are added only where it says yes; the others are suppressed with a reason', async () => {
    const profiles = ['yes', 'no', null, 'perhaps'].map((may, index) => person(String(index), { may }));
    const exported = await exportAll(stage, profiles, { addOnlyIf });
    expect(sentTo(exported)).toEqual(['p0@mail.test']);
    expect(exported.settlement).toMatchObject({
      outcomes: { created: 1, suppressed: 3 },
      refusals: [{ outcome: 'suppressed', class: 'not_allowed', count: 3 }],
    });
    expect(exported.plan.warnings).toEqual([{ attribute: 'may', field: '', kind: 'unclear', count: 1 }]);
    expect(await stage.staging.readWarnings(exported.ref, {})).toMatchObject([
      { kind: 'unclear', key: '3', value: 'perhaps' },
    ]);
    const failures = await stage.staging.readFailures(exported.ref, { reason: 'not_allowed' });
    expect(failures.map(({ key }) => key)).toEqual(['1', '2', '3']);
  });

  test('contacts of the audience are updated, and lose tags, whatever it says', async () => {
    const audience = [member('p1@mail.test', 'subscribed')];
    const first = await exportAll(stage, [person('1', { may: 'no' })], { addOnlyIf, audience });
    expect(sentTo(first)).toEqual(['p1@mail.test']);
    const changed = await exportAll(stage, [person('1', { may: 'no', first: 'Ann' })], {
      addOnlyIf,
      after: first,
    });
    expect(changed.plan.updates).toBe(1);
    const moved = { ...person('1', { may: 'no' }), segments: ['locals'] };
    const left = await exportAll(stage, [moved], { addOnlyIf, after: changed });
    expect(left.plan.segments).toMatchObject([
      { segment: 'vip', toUntag: 1 },
      { segment: 'locals', toTag: 1 },
    ]);
  });

  test('a contact that was added once is not new when it says no later', async () => {
    const first = await exportAll(stage, [person('1', { may: 'yes' })], { addOnlyIf });
    const later = await exportAll(stage, [person('1', { may: 'no', first: 'Ann' })], {
      addOnlyIf,
      after: first,
    });
    expect(later.settlement.outcomes).toMatchObject({ updated: 1, suppressed: 0 });
  });

  test('a contact that we have archived comes back only where it says yes', async () => {
    const settings = { addOnlyIf, leavers: 'archive', respond: acknowledgeNew } as const;
    const stays = person('2', { may: 'yes' });
    const first = await exportAll(stage, [person('1', { may: 'yes' }), stays], settings);
    const left = await exportAll(stage, [stays], { ...settings, after: first });
    expect(left.settlement.outcomes).toMatchObject({ archived: 1 });
    const archived = { ...settings, audience: [member('p1@mail.test', 'archived')] };
    const no = await exportAll(stage, [person('1', { may: 'no' }), stays], { ...archived, after: left });
    expect(no.settlement).toMatchObject({
      outcomes: { suppressed: 1, unchanged: 1 },
      refusals: [{ class: 'not_allowed', count: 1 }],
    });
    const yes = await exportAll(stage, [person('1', { may: 'yes' }), stays], { ...archived, after: no });
    expect(rowsOf(yes.chunks)).toMatchObject([{ email: 'p1@mail.test', isReturning: true }]);
  });

  test('a contact is added by the export in which it says yes first', async () => {
    const first = await exportAll(stage, [person('1', { may: 'no' }), person('2', { may: 'y' })], {
      addOnlyIf,
    });
    const second = await exportAll(stage, [person('1', { may: 'y' }), person('2', { may: 'y' })], {
      addOnlyIf,
      after: first,
    });
    expect(second.settlement.outcomes).toMatchObject({ created: 1, unchanged: 1, suppressed: 0 });
  });
});

describe('evidence of a signup', () => {
  const signup = { ip: 'ip', at: 'at' };
  const sent = async (values: readonly Readonly<Record<string, string | null>>[]) => {
    const profiles = values.map((one, index) => person(String(index + 10), one));
    const { chunks, plan } = await exportAll(stage, profiles, { signup });
    const rows = rowsOf(chunks).toSorted((one, other) => (one.email < other.email ? -1 : 1));
    return { more: rows.map(({ more }) => more), warnings: plan.warnings };
  };

  test('has an IP address; any other text is left out and counted', async () => {
    const good = ['203.0.113.7', '2001:db8::1', '::', '1:2:3:4:5:6:7:8', 'fe80::1:2:3:4:5:6'];
    const bad = ['256.1.1.1', '1.2.3', '1::2::3', '1:2:3:4:5:6:7:8:9', 'localhost'];
    const { more, warnings } = await sent(
      [...good, ...bad, null].map((ip) => ({ ip: ip && ` ${ip} `, at: null })),
    );
    expect(more).toEqual([
      ...good.map((ip) => JSON.stringify({ ip_signup: ip })),
      ...bad.map(() => undefined),
      undefined,
    ]);
    expect(warnings).toEqual([{ attribute: 'ip', field: 'ip_signup', kind: 'omitted', count: bad.length }]);
  });

  test('has a time in UTC without fractions; any other text is left out and counted', async () => {
    const good = [
      ['2024-05-06', '2024-05-06T00:00:00Z'],
      ['2024-05-06 07:08', '2024-05-06T07:08:00Z'],
      ['2024-05-06T07:08:09.5+02:00', '2024-05-06T05:08:09Z'],
      ['2024-05-06 07:08:09 UTC', '2024-05-06T07:08:09Z'],
    ] as const;
    const bad = ['06.05.2024', '2024-13-01', 'soon'];
    const { more, warnings } = await sent(
      [...good.map(([at]) => at), ...bad, ''].map((at) => ({ ip: '', at })),
    );
    expect(more).toEqual([
      ...good.map(([, at]) => JSON.stringify({ timestamp_signup: at })),
      ...bad.map(() => undefined),
      undefined,
    ]);
    expect(warnings).toMatchObject([{ field: 'timestamp_signup', kind: 'omitted', count: bad.length }]);
  });

  test('is sent with new contacts only, and changes no contact', async () => {
    const values = { ip: '203.0.113.7', at: '2024-05-06' };
    const audience = [member('p2@mail.test', 'subscribed')];
    const first = await exportAll(stage, [person('1', values), person('2', values)], { signup, audience });
    const withEvidence = rowsOf(first.chunks).filter(({ more }) => more !== undefined);
    expect(withEvidence.map(({ email }) => email)).toEqual(['p1@mail.test']);
    const other = { ip: '203.0.113.8', at: '2025-01-01' };
    const second = await exportAll(stage, [person('1', other), person('2', other)], { signup, after: first });
    expect(second.plan.decided.unchanged).toBe(2);
    const renamed = await exportAll(stage, [person('1', { ...other, first: 'Ann' })], {
      signup,
      after: second,
    });
    expect(rowsOf(renamed.chunks)).toMatchObject([{ email: 'p1@mail.test', fields: '{"FNAME":"Ann"}' }]);
    expect(rowsOf(renamed.chunks)[0]).not.toHaveProperty('more');
  });
});
