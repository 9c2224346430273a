import { expect, test } from '@jest/globals';
import { answerOfRequest } from '../../../src/activities/rules/answer-of-request';
import type { ExportReport } from '../../../src/contract/report';
import { report } from '../../workflows/samples';

const STARTED = { exportId: 'e1', number: 1, disposition: 'started' } as const;
const answer = (...exports: readonly ExportReport[]) =>
  answerOfRequest({ destinationId: 'newsletter', exports }, STARTED);

test('an export that was asked for is open until it has a report, and one that was replanned until its successor has', () => {
  const open = { kind: 'open', destinationId: 'newsletter', exportId: 'e1', number: 1 };
  expect(answer()).toEqual(open);
  expect(
    answer(report({ exportId: 'e1', status: 'replanned', next: { exportId: 'e2', number: 2 } })),
  ).toEqual(open);
  expect(answer(report({ exportId: 'e1', status: 'failed' }))).toMatchObject({ line: { result: 'failed' } });
});

test('one that was replanned without a successor has ended: no report of another one will come', () => {
  expect(answer(report({ exportId: 'e1', status: 'replanned' }))).toMatchObject({
    kind: 'line',
    line: { result: 'cancelled', exportId: 'e1' },
  });
});
