import { expect, test } from '@jest/globals';
import type { Case, Seed } from './arbitrary';
import { runCase } from './run-case';
import { PLAIN_EXPORT, PLAIN_ORDER, type Order, type Step } from './steps';
import { useStepStage } from './step-stage';

const open = useStepStage();

const PERSON: Seed = {
  kind: 'ordinary',
  dirt: 'clean',
  values: { FNAME: 'Ann', AGE: '7' },
  segments: ['alpha'],
  member: null,
};
const THERE_BEFORE: Seed = {
  ...PERSON,
  member: { status: 'subscribed', tags: ['Other'], values: { FNAME: 'Theirs', AGE: '' } },
};
const CASE: Omit<Case, 'steps'> = {
  people: [PERSON, PERSON, THERE_BEFORE, PERSON],
  segments: 1,
  statusIfNew: 'subscribed',
  isNameRequired: false,
  holdsRemovals: false,
  switches: {},
};

const undo = (undone: number, more: Partial<Order> = {}): Step => ({
  do: 'export',
  order: { ...PLAIN_ORDER, undo: undone, isRepeated: true, ...more },
});
const act = (
  person: number,
  action: 'unsubscribe' | 'tag' | 'untag' | 'edit' | 'archive',
  tag = 'alpha',
): Step => ({
  do: 'act',
  person,
  action,
  tag,
});
const change: Step = {
  do: 'profiles',
  changes: [
    { person: 0, change: { to: 'values', values: { FNAME: 'Bob', AGE: '' } } },
    { person: 1, change: { to: 'segments', segments: [] } },
  ],
};

test('an undo of the first export, and of a later one, is that of the model, and a second one changes nothing', async () => {
  const outcomes = await runCase(
    { ...CASE, steps: [PLAIN_EXPORT, change, PLAIN_EXPORT, undo(0), undo(3), act(3, 'unsubscribe')] },
    open,
  );
  expect(outcomes).toEqual(expect.arrayContaining(['archived', 'undo repeated', 'undo completed']));
});

test('a verification finds what people have done, and a repair sends it again', async () => {
  const outcomes = await runCase(
    {
      ...CASE,
      steps: [
        PLAIN_EXPORT,
        act(0, 'edit'),
        act(1, 'untag'),
        act(2, 'archive'),
        { do: 'verify', repair: true },
        PLAIN_EXPORT,
        { do: 'verify', repair: false },
      ],
    },
    open,
  );
  expect(outcomes).toEqual(
    expect.arrayContaining(['drift field_changed', 'drift tag_removed', 'drift archived']),
  );
});

test('forgetting and suppressing are those of the model', async () => {
  const outcomes = await runCase(
    {
      ...CASE,
      steps: [
        PLAIN_EXPORT,
        { do: 'suppress', person: 0, kind: 'sha256', list: 'account' },
        { do: 'forget', person: 1, by: 'key', mailchimp: 'delete', keepOut: true },
        PLAIN_EXPORT,
        { do: 'lift', person: 0, kind: 'sha256', list: 'account' },
      ],
    },
    open,
  );
  expect(outcomes).toContain('suppressed');
});
