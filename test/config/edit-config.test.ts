import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { editConfig } from '../../src/config/edit-config';

const FILE = `# Ours.
accounts:
    main:   # the only one
        apiKey: env:KEY
sources: {crm: {kind: files,   profiles: {path: "a.csv", key: 'id'}, segments: {}}}

destinations:
    # The weekly one.
    weekly:
        connect:
            name: Weekly # as people know it
            account: main
            audienceId: "1a2b3c4d5e"
        configure:
            email: Email
            fields: {FNAME: First, OLD: Old}   # names
`;

const weekly = (value: object) => ({ at: ['destinations', 'weekly'], value });
const CONNECT = { name: 'Weekly', account: 'main', audienceId: '1a2b3c4d5e' };

describe('editConfig', () => {
  test('changes nothing where all is as wanted', () => {
    const configure = { email: 'Email', fields: { FNAME: 'First', OLD: 'Old' } };
    expect(editConfig(FILE, [weekly({ connect: CONNECT, configure })])).toBe(FILE);
  });

  test('changes one value and keeps every other line, with its comment and its form', () => {
    const edited = editConfig(FILE, [{ at: ['destinations', 'weekly', 'connect', 'name'], value: 'Letter' }]);
    expect(edited).toBe(FILE.replace('name: Weekly', 'name: Letter'));
  });

  test('adds a destination at the end, as the file is indented', () => {
    const edited = editConfig(FILE, [{ at: ['destinations', 'daily'], value: { connect: CONNECT } }]);
    expect(edited).toBe(
      `${FILE}    daily:\n        connect:\n            name: Weekly\n            account: main\n            audienceId: 1a2b3c4d5e\n`,
    );
  });

  test('removes names that are not wanted', () => {
    const edited = editConfig(FILE, [
      { at: ['destinations', 'weekly', 'configure'], value: { email: 'Mail', fields: { FNAME: 'First' } } },
    ]);
    expect(parse(edited)).toEqual({
      ...(parse(FILE) as object),
      destinations: {
        weekly: { connect: CONNECT, configure: { email: 'Mail', fields: { FNAME: 'First' } } },
      },
    });
    for (const comment of [
      '# Ours.',
      '# the only one',
      '# The weekly one.',
      '# as people know it',
      '# names',
    ])
      expect(edited).toContain(comment);
  });

  test('repeated, changes nothing', () => {
    const edits = [weekly({ connect: { ...CONNECT, labels: ['a', 'b'] } })];
    const once = editConfig(FILE, edits);
    expect(once).not.toBe(FILE);
    expect(editConfig(once, edits)).toBe(once);
  });

  test.each([
    ['nothing', ''],
    ['only a comment', '# Empty.\n'],
    ['an empty section', 'destinations: {}\n'],
    ['a section without a value', 'destinations:\n'],
  ])('adds to a file with %s', (_, text) => {
    const edited = editConfig(text, [{ at: ['destinations', 'daily'], value: { connect: CONNECT } }]);
    expect(parse(edited)).toEqual({ destinations: { daily: { connect: CONNECT } } });
  });

  test('keeps Windows line breaks', () => {
    const edited = editConfig('a: 1\r\nb: 2\r\n', [{ at: ['b'], value: 3 }]);
    expect(edited).toBe('a: 1\r\nb: 3\r\n');
  });

  test('refuses to change an alias', () => {
    const text = 'a: &a { name: x }\ndestinations: { weekly: *a }\n';
    expect(() => editConfig(text, [{ at: ['destinations', 'weekly', 'name'], value: 'y' }])).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});
