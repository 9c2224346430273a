import { describe, expect, test } from '@jest/globals';
import { RequestQueue, type Work } from '../../src/mailchimp/request-queue';

const MANY = 1_000;

/** The order in which requests get a connection, one after the other; each connection stays in use. */
function orderOf(works: readonly (Work & { readonly name: string })[], admissions = works.length): string[] {
  const queue = new RequestQueue();
  const order: string[] = [];
  for (const { name, ...work } of works) queue.add(work, () => order.push(name));
  for (let admission = 0; admission < admissions; admission++) queue.admitNext();
  return order;
}

const large = (name: string, destinationId: string) => ({ name, destinationId, requests: MANY });

describe('requests that wait for a connection', () => {
  test('of small work are before others', () => {
    const small = { name: 'small', destinationId: 'b', requests: 2 };
    expect(orderOf([large('a1', 'a'), large('a2', 'a'), small])).toEqual(['small', 'a1', 'a2']);
  });

  test('are fair between destinations, and in their order within one', () => {
    const waiting = ['a1', 'a2', 'a3', 'b1', 'b2'].map((name) => large(name, name[0]!));
    expect(orderOf(waiting, 3)).toEqual(['a1', 'b1', 'a2']);
  });

  test('do not wait for ever behind small ones', () => {
    const small = Array.from({ length: 8 }, (_, index) => ({ name: `s${index}`, requests: 1 }));
    expect(orderOf([large('large', 'a'), ...small], 4)).toContain('large');
  });

  test('leave the queue when they are given up', () => {
    const queue = new RequestQueue();
    const leave = queue.add({}, () => expect('this').toBe('never admitted'));
    leave();
    expect(queue.admitNext()).toBe(false);
    expect(queue.length).toBe(0);
  });
});
