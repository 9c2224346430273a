import { expect, test } from '@jest/globals';
import { createSemaphore } from '../../../src/staging/store/semaphore';

/** Work that ends when the test ends it. */
function createWork() {
  const started: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const work = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      started.push(name);
      ends.set(name, (error) => (error ? reject(error) : resolve(name)));
    });
  return { started, work, end: (name: string, error?: Error) => ends.get(name)?.(error) };
}

test('as much work runs at once as there are slots, the rest in the order it came', async () => {
  const { started, work, end } = createWork();
  const withSlot = createSemaphore(2);
  const all = ['a', 'b', 'c', 'd'].map((name) => withSlot(work(name)));
  expect(started).toEqual(['a', 'b']);
  end('b');
  expect(await all[1]).toBe('b');
  expect(started).toEqual(['a', 'b', 'c']);
  end('a');
  end('c');
  await Promise.all([all[0], all[2]]);
  expect(started).toEqual(['a', 'b', 'c', 'd']);
  end('d');
  expect(await all[3]).toBe('d');
});

test('work that fails gives its slot back, and its error comes through', async () => {
  const { started, work, end } = createWork();
  const withSlot = createSemaphore(1);
  const failing = withSlot(work('failing'));
  const next = withSlot(work('next'));
  end('failing', new TypeError('broken'));
  await expect(failing).rejects.toThrow(TypeError);
  expect(started).toEqual(['failing', 'next']);
  end('next');
  expect(await next).toBe('next');
});
