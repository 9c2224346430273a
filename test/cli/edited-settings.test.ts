import { expect, test } from '@jest/globals';
import { EditedSettingsSchema, settingsOf } from '../../src/cli/destination/edited-settings';
import { settingsText } from '../../src/cli/destination/edit-text';
import { changedLines } from '../../src/cli/text/difference';
import { groupField, LANGUAGE } from '../../src/contract/merge-field';
import { ConfigureSettingsSchema, type Configuration } from '../../src/contract/destination';

const CONFIGURATION: Configuration = {
  email: 'Email',
  otherEmails: ['Private'],
  fields: [
    {
      attribute: 'First',
      field: { tag: 'FNAME', name: 'First', type: 'text', required: false, choices: [] },
    },
    {
      attribute: 'Born',
      field: { tag: 'BORN', name: 'Born', type: 'birthday', required: false, choices: [] },
      empty: 'keep',
      format: 'DD/MM',
    },
    {
      attribute: "First || ' ' || Last",
      field: { tag: 'FULLNAME', name: 'Name', type: 'text', required: false, choices: [] },
      empty: 'clear',
    },
    {
      attribute: 'Street',
      address: { addr1: 'Street', city: 'City', state: "'-'", zip: 'Zip' },
      field: { tag: 'ADDRESS', name: 'Address', type: 'address', required: false, choices: [] },
    },
    { attribute: 'Weekly', field: groupField({ id: 'a1', name: 'News/Weekly' }), empty: 'keep' },
    { attribute: 'Language', field: LANGUAGE, empty: 'keep' },
  ],
  expressions: [
    { sql: "First || ' ' || Last", reads: ['First', 'Last'] },
    { sql: "'-'", reads: [] },
  ],
  addOnlyIf: 'MayAdd',
  signup: { ip: 'Ip', at: 'SignedUp' },
  leavers: 'archive',
  rejects: { fake: 'hold', merge_field: { afterDays: 1 } },
  strict: true,
  optedOut: 'skip',
  latest: 'Changed',
  latestFormat: 'DD.MM.YYYY',
  segments: [{ segment: 'vip', tag: 'VIP', tagId: 7, knownAs: 'VIP' }],
  guards: { removalShare: 0.1, newContacts: 5, contactLimit: 50 },
  approval: { by: 'other' },
  staleAfterHours: 26,
  verify: { sample: 200 },
};
const CONSENT = {
  agreedBy: 'Kim',
  agreedAt: '2026-01-31T12:00:00.000Z',
  textVersion: 'v1',
  proof: 'They ticked a box at the till.',
};
const NAMED = { name: 'News', statusIfNew: 'pending', labels: ['nightly'], consent: CONSENT };

test('all settings of a destination can be edited, but for the permission to adopt tags, which is for one time', () => {
  const { connect, configure } = settingsOf(NAMED, CONFIGURATION);
  expect(connect).toEqual({
    name: 'News',
    statusIfNew: 'pending',
    consentProof: 'They ticked a box at the till.',
    labels: ['nightly'],
  });
  expect(Object.keys(configure).toSorted()).toEqual(Object.keys(ConfigureSettingsSchema.shape).toSorted());
  expect(configure).toEqual({
    email: ['Email', 'Private'],
    fields: {
      FNAME: 'First',
      BORN: { attribute: 'Born', empty: 'keep', format: 'DD/MM' },
      FULLNAME: { sql: "First || ' ' || Last", empty: 'clear' },
      ADDRESS: {
        address: { addr1: 'Street', city: 'City', state: { sql: "'-'" }, zip: 'Zip' },
        empty: 'clear',
      },
    },
    groups: { 'News/Weekly': { attribute: 'Weekly', empty: 'keep' } },
    language: 'Language',
    addOnlyIf: 'MayAdd',
    signup: { ip: 'Ip', at: 'SignedUp' },
    leavers: 'archive',
    rejects: { fake: 'hold', merge_field: { afterDays: 1 } },
    strict: true,
    optedOut: 'skip',
    latest: { attribute: 'Changed', format: 'DD.MM.YYYY' },
    segments: { vip: 'VIP' },
    adoptTags: false,
    guards: { removalShare: 0.1, newContacts: 5, contactLimit: 50 },
    approval: { by: 'other' },
    staleAfterHours: 26,
    verify: { sample: 200 },
  });
});

test('the difference has only the lines that are not in both', () => {
  const now = settingsOf(NAMED, CONFIGURATION);
  const next = EditedSettingsSchema.parse({
    connect: { ...now.connect, name: 'Weekly' },
    configure: { ...now.configure, staleAfterHours: undefined },
  });
  expect(changedLines(settingsText(now), settingsText(now))).toEqual([]);
  expect(changedLines(settingsText(now), settingsText(next))).toEqual([
    { change: 'removed', line: '  name: News' },
    { change: 'added', line: '  name: Weekly' },
    { change: 'removed', line: '  staleAfterHours: 26' },
  ]);
});
