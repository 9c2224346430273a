import { expect, test } from '@jest/globals';
import * as fc from '../support/fast-check';
import { parseReply } from '../../src/mailchimp/parse-reply';

function parse(json: string): unknown {
  return parseReply(Buffer.from(json));
}

const LINK = '{"rel":"self","href":"https://us21.api.mailchimp.com/3.0/lists/a1"}';

test('the links of members are left out, and everything else is kept', () => {
  const json = `{"members":[{"id":"1","_links":[${LINK},${LINK}]},{"id":"2","_links":[]}],"total_items":2,"_links":[${LINK}]}`;
  expect(parse(json)).toEqual({ members: [{ id: '1' }, { id: '2' }], total_items: 2 });
});

test.each([
  ['a link with a bracket', '{"id":"1","_links":[{"href":"/a]b"}],"status":"subscribed"}'],
  ['a list in a link', '{"id":"1","_links":[{"schemas":["a","b"],"rel":"self"}],"status":"subscribed"}'],
  ['links in front', '{"_links":[{"rel":"self"}],"id":"1"}'],
  ['a text that looks like links', String.raw`{"id":"a,\"_links\":[{\"rel\":\"b\"}]","note":"[]"}`],
  ['links that are no list', '{"id":"1","_links":{"self":[1]}}'],
])('%s changes nothing of the rest', (_, json) => {
  expect(withoutLinks(parse(json))).toEqual(withoutLinks(JSON.parse(json)));
});

test.each([
  '',
  '<html>',
  '{"id":"1","_links":[',
  `{"id":"1","_links":[${LINK}]`,
  `{"members":[{"id":"1","_links":[${LINK}]},`,
])('%j is no reply', (json) => {
  expect(() => parse(json)).toThrow(SyntaxError);
});

function withoutLinks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLinks);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key, held]) => key !== '_links' || !Array.isArray(held));
  return Object.fromEntries(kept.map(([key, held]) => [key, withoutLinks(held)]));
}

const PIECES = [',"_links":[', '"_links":[]', '_links', '"}]', '},', ']', '[', '{', '}', '"', '\\', ',', ':'];
const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES, 'é', '😀'), { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary' }),
);
const key = fc.constantFrom('id', 'status', 'rel', 'href', 'FNAME', 'members', '_links');
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.constantFrom(null, true, 0, 1.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    tie('member'),
  ),
  member: fc.record({ id: text, _links: fc.array(tie('link'), { maxLength: 3 }), status: tie('value') }),
  link: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
}));

test('any reply is read as JSON.parse reads it, but for links', () => {
  fc.assert(
    fc.property(value, (reply) => {
      const json = JSON.stringify(reply);
      expect(withoutLinks(parse(json))).toEqual(withoutLinks(JSON.parse(json)));
    }),
    { numRuns: 5_000 },
  );
});
