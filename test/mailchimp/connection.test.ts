import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { AUDIENCE, openAt, serve } from './support';

/** Bytes of the heap that are in use, without garbage. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

const PAGE = JSON.stringify({
  members: Array.from({ length: 1_000 }, (_, index) => ({
    id: `${index}`,
    email_address: `${index}@mail.test`,
    status: 'subscribed',
    tags: [{ id: index, name: 'Loyal' }],
    tags_count: 1,
  })),
  total_items: 1_000_000,
});

test('a step that sends many requests keeps none of their replies', async () => {
  const url = await serve((_, response) => response.setHeader('content-type', 'application/json').end(PAGE));
  const account = openAt(url, { signal: new AbortController().signal });
  const readPages = async (pages: number) => {
    for (let page = 0; page < pages; page++)
      await account.censusPage(AUDIENCE, { listing: 'current', offset: page * 1_000 }, 'full');
  };
  await readPages(5);
  const before = heapInUse();
  await readPages(60);
  expect(heapInUse() - before).toBeLessThan(8_000_000);
});
