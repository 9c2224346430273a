import { describe, expect, test } from '@jest/globals';
import { isSamePerson, requireAsker, requireSecondPerson } from '../../src/contract/second-person';

const OTHER = { approval: { by: 'other' } } as const;
const code = 'SECOND_PERSON_REQUIRED';

const approves = (asked: Parameters<typeof requireSecondPerson>[0], by: string) => () =>
  requireSecondPerson(asked, by, 'Export 3 of newsletter');

describe('the rule of the second person', () => {
  test('refuses the approval of the person who asked, with what to do', () => {
    expect(approves({ ...OTHER, askedBy: 'Kim' }, 'Kim')).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringMatching(
          /^Export 3 of newsletter was not approved: Kim has asked for it.*Let another person/,
        ),
      }),
    );
    expect(approves({ ...OTHER, askedBy: 'Kim' }, 'Ada')).not.toThrow();
  });

  test('takes what no person has asked for from anyone, and asks for nothing where it is not configured', () => {
    expect(approves(OTHER, 'Kim')).not.toThrow();
    expect(approves({ askedBy: 'Kim' }, 'Kim')).not.toThrow();
    expect(approves({ approval: { by: 'anyone' }, askedBy: 'Kim' }, 'Kim')).not.toThrow();
    expect(() => requireAsker({ approval: { by: 'anyone' } })).not.toThrow();
  });

  test('wants to know who asks', () => {
    expect(() => requireAsker(OTHER)).toThrow(expect.objectContaining({ code }));
    expect(() => requireAsker({ ...OTHER, askedBy: 'Kim' })).not.toThrow();
  });

  test('takes a name in another spelling for the same', () => {
    expect(isSamePerson('Ada Lovelace', ' ada  LOVELACE ')).toBe(true);
    expect(isSamePerson('Jos\u00E9', 'Jose\u0301')).toBe(true);
    expect(isSamePerson('Ada', 'Ada L')).toBe(false);
  });
});
