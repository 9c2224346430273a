import { expect, test } from '@jest/globals';
import type { FaultRule } from '../../src/sandbox/index';
import { parseFault } from '../../src/sandbox/index';

test.each<[string, FaultRule]>([
  [
    '429 twice on POST /lists/*',
    { match: 'POST /lists/*', times: 2, effect: { type: 'status', status: 429 } },
  ],
  ['reset once on GET /batches/*', { match: 'GET /batches/*', times: 1, effect: { type: 'reset' } }],
  [
    '502 after applying 3 times on POST /lists/*',
    { match: 'POST /lists/*', times: 3, effect: { type: 'applyThenStatus', status: 502 } },
  ],
  [
    '403 html always after 5 on * /**',
    { match: '* /**', times: 'always', after: 5, effect: { type: 'status', status: 403, body: 'html' } },
  ],
  [
    '429 empty on GET /ping',
    { match: 'GET /ping', times: 1, effect: { type: 'status', status: 429, body: 'empty' } },
  ],
  [
    'reset after applying on POST /lists/*',
    { match: 'POST /lists/*', times: 1, effect: { type: 'applyThenReset' } },
  ],
  [
    'reset after applying after 2 on POST /batches',
    { match: 'POST /batches', times: 1, after: 2, effect: { type: 'applyThenReset' } },
  ],
  [
    'hang 120 s on POST /lists/*',
    { match: 'POST /lists/*', times: 1, effect: { type: 'hang', ms: 120_000 } },
  ],
  ['delay 50ms always on * /**', { match: '* /**', times: 'always', effect: { type: 'delay', ms: 50 } }],
  [
    'omit 3 rows on POST /lists/*',
    { match: 'POST /lists/*', times: 1, effect: { type: 'omitRows', count: 3 } },
  ],
  [
    '500 once in batch on POST /lists/*',
    { match: 'POST /lists/*', via: 'batch', times: 1, effect: { type: 'status', status: 500 } },
  ],
  [
    '504 always above 250 rows anywhere on POST /lists/*',
    {
      match: 'POST /lists/*',
      via: 'any',
      times: 'always',
      moreThan: 250,
      effect: { type: 'status', status: 504 },
    },
  ],
  [
    'hang 130 s twice after 1 above 100 rows on GET /lists/*/members',
    {
      match: 'GET /lists/*/members',
      times: 2,
      after: 1,
      moreThan: 100,
      effect: { type: 'hang', ms: 130_000 },
    },
  ],
  ['vanished batch', { times: 1, effect: { type: 'vanishedBatch' } }],
  ['vanished started batch', { times: 1, effect: { type: 'vanishedBatch', state: 'started' } }],
  ['trickle 5 s on GET /**', { match: 'GET /**', times: 1, effect: { type: 'trickle', ms: 5000 } }],
  [
    'refuse connections for 3 s after 2 on POST /batches',
    { match: 'POST /batches', times: 1, after: 2, effect: { type: 'refuseConnections', ms: 3000 } },
  ],
  [
    'delete audience 1a2b3c4d5e after 3 anywhere on POST /lists/*',
    {
      match: 'POST /lists/*',
      via: 'any',
      times: 1,
      after: 3,
      effect: { type: 'deleteAudience', audience: '1a2b3c4d5e' },
    },
  ],
  ['corrupt json result', { times: 1, effect: { type: 'corruptResult', what: 'json' } }],
  ['null operation ids always', { times: 'always', effect: { type: 'wrongOperationIds', how: 'null' } }],
  ['doubled results', { times: 1, effect: { type: 'doubledResults' } }],
  ['stuck batch', { times: 1, effect: { type: 'stuckBatch' } }],
  ['stuck finalizing batch', { times: 1, effect: { type: 'stuckBatch', state: 'finalizing' } }],
  ['truncated result twice', { times: 2, effect: { type: 'truncatedResult' } }],
  ['  expired   url always ', { times: 'always', effect: { type: 'expiredUrl' } }],
  ['empty url after 1', { times: 1, after: 1, effect: { type: 'emptyResultUrl' } }],
])('%s', (text, rule) => {
  expect(parseFault(text)).toEqual(rule);
});

test.each([
  '',
  'nonsense',
  '200 on GET /ping',
  '429 thrice on POST /lists/*',
  '429 twice on',
  'hang on GET /ping',
])("'%s' is no fault, and the error shows the forms there are", (text) => {
  expect(() => parseFault(text)).toThrow(/not a fault: .*The valid forms are:\n/s);
});

test('a fault of requests needs a target, and a fault of batches must not have one', () => {
  expect(() => parseFault('429 twice')).toThrow("the fault '429 twice' has no target");
  expect(() => parseFault('stuck batch on POST /batches')).toThrow('applies to batches');
});
