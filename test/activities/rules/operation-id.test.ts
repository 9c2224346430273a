import { expect, test } from '@jest/globals';
import * as fc from '../../support/fast-check';
import { operationId, parseOperationId } from '../../../src/activities/rules/operation-id';

test('the id of an operation contains its export, part, chunk and attempt', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.tuple(fc.nat(), fc.nat(), fc.nat()), (exportId, [part, chunk, attempt]) => {
      const id = operationId({ destinationId: 'd', exportId }, { part, chunk, attempt });
      expect(parseOperationId(id)).toEqual({ exportId, part, chunk, attempt });
    }),
  );
});

test.each([
  null,
  '',
  'another-tool',
  '/1/2/1',
  '0b0e4f9c-8a3e-4a0e-9c1f-0d7f5a1b2c3d/1',
  '0b0e4f9c-8a3e-4a0e-9c1f-0d7f5a1b2c3d/one/2/1',
  '0b0e4f9c-8a3e-4a0e-9c1f-0d7f5a1b2c3d/1//1',
  '0b0e4f9c-8a3e-4a0e-9c1f-0d7f5a1b2c3d/1/-2/1',
  '0b0e4f9c-8a3e-4a0e-9c1f-0d7f5a1b2c3d/1/2.5/1',
  'other/0b0e4f9c-8a3e-4a0e-9c1f-0d7f5a1b2c3d/1/2/1',
  '0b0e4f9c-8a3e-4a0e-9c1f-0d7f5a1b2c3d/1/2/1/other',
])('the id %p of an operation of another tool is not parsed', (operationId) => {
  expect(parseOperationId(operationId)).toBeUndefined();
});
