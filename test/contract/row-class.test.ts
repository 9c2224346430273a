import { expect, test } from '@jest/globals';
import {
  classified,
  type RowClass,
  rowClassesWhere,
  withheldClassesWhere,
} from '../../src/contract/row-class';

/** Written out, not read from the code: a class with another result or memory changes what exports report and send. */
const EXPECTED: Record<RowClass, string> = {
  fake: 'rejected permanent',
  address_blank: 'rejected permanent',
  address_invalid: 'rejected permanent',
  merge_field: 'rejected permanent',
  sms: 'rejected permanent',
  schema: 'rejected permanent',
  exists: 'rejected none',
  plan_limit: 'rejected none',
  server_error: 'rejected none',
  unknown: 'rejected none',
  compliance: 'suppressed permanent objection',
  forgotten: 'suppressed permanent objection',
  cleaned: 'suppressed permanent',
  too_many_signups: 'throttled backOff',
  no_answer: 'unproven none',
  unreadable: 'unproven none',
  chunk_refused: 'unproven none',
  chunk_failed: 'unproven none',
  untag_refused: 'unproven none',
  differs: 'unproven none',
  not_read_back: 'unproven none',
  resubscribed: 'acknowledged none',
};

const CLASSES = Object.entries(EXPECTED) as [RowClass, string][];

test.each(CLASSES)('a row of class %s is %s', (name, expected) => {
  const [result = '', memory, objection] = expected.split(' ');
  const where = (holds: Parameters<typeof rowClassesWhere>[0]) => rowClassesWhere(holds).includes(name);
  expect(classified(name)).toEqual({ result, class: name });
  expect(where((rule) => rule.memory === memory)).toBe(true);
  expect(where((rule) => rule.isObjection === true)).toBe(objection !== undefined);
});

test('no class is missing from this list', () => {
  expect(rowClassesWhere(() => true)).toEqual(CLASSES.map(([name]) => name));
});

test('a contact that was archived or opted out here has opted out by its own address, not one that did at an earlier address', () => {
  expect(withheldClassesWhere(({ isOwnOptOut }) => isOwnOptOut)).toEqual(['archived', 'opted_out']);
  expect(withheldClassesWhere(() => true)).toEqual([
    'archived',
    'opted_out',
    'opted_out_elsewhere',
    'not_allowed',
    'suppression_list',
  ]);
});
