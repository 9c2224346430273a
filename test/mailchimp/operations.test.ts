import { expect, test } from '@jest/globals';
import * as fc from '../support/fast-check';
import { chunkOperation } from '../../src/mailchimp/operations';
import { DELIVERY, row, untags, upserts } from './support';

test('an upsert sends status_if_new, fields and tags, and nothing that could change a subscription', () => {
  const chunk = {
    ...upserts([]),
    rows: [row('o"hara@shop.test', { fields: '{"LNAME":"O\\"Hara"}' }), row('b@shop.test')],
  };
  const operation = chunkOperation(DELIVERY, chunk, 'export/1/7/1');
  expect(operation).toMatchObject({ method: 'POST', path: '/lists/1a2b3c4d5e', operationId: 'export/1/7/1' });
  expect(JSON.parse(operation.body)).toEqual({
    members: [
      {
        email_address: 'o"hara@shop.test',
        status_if_new: 'subscribed',
        merge_fields: { LNAME: 'O"Hara' },
        tags: ['Loyal'],
      },
      {
        email_address: 'b@shop.test',
        status_if_new: 'subscribed',
        merge_fields: { FNAME: 'Ada' },
        tags: ['Loyal'],
      },
    ],
    update_existing: true,
  });
});

test('no upsert has a status or sync_tags, whatever its rows', () => {
  const fields = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer()));
  const rows = fc.array(fc.record({ email: fc.string(), fields, tags: fc.array(fc.string()) }));
  fc.assert(
    fc.property(rows, fc.string(), (list, statusIfNew) => {
      const chunk = {
        ...upserts([]),
        rows: list.map(({ email, fields, tags }) =>
          row(email, { fields: JSON.stringify(fields), tags: JSON.stringify(tags) }),
        ),
      };
      const body = JSON.parse(chunkOperation({ ...DELIVERY, statusIfNew }, chunk, 'x').body);
      expect(Object.keys(body)).toEqual(['members', 'update_existing']);
      expect(body.members).toHaveLength(list.length);
      for (const [n, member] of body.members.entries()) {
        expect(Object.keys(member)).toEqual(['email_address', 'status_if_new', 'merge_fields', 'tags']);
        expect(member.merge_fields).toEqual(JSON.parse(chunk.rows[n]!.fields));
      }
    }),
  );
});

test('an untag names the tag by its id and only removes members', () => {
  const chunk = untags(42, ['ada@shop.test']);
  const operation = {
    method: 'POST',
    path: '/lists/1a2b3c4d5e/segments/42',
    operationId: 'x',
    body: '{"members_to_remove":["ada@shop.test"]}',
  };
  expect(chunkOperation(DELIVERY, chunk, 'x')).toEqual(operation);
});
