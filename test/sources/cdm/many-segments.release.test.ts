import { expect, test } from '@jest/globals';
import { growthAtFourTimes } from '../../support/processor-time';
import { Lake } from './lake';

const SEGMENTS = 600;
const PROFILES = 100;
const MAX_GROWTH = 8;

const row = (key: number) => `${key},p${key}@contoso.nl\n`;

test('600 output tables take about four times as much processor time as a quarter of them, each with its members', async () => {
  const columns = ['CustomerId', 'Email'];
  const rows = Array.from({ length: PROFILES }, (_, key) => row(key));
  const first = (segment: number) => segment % PROFILES;
  const growth = await growthAtFourTimes(SEGMENTS, async (count) => {
    const lake = await Lake.make();
    await lake.publish([
      { name: 'Customer', columns, partitions: [rows.join('')] },
      ...Array.from({ length: count }, (_, segment) => ({
        name: `S${segment}`,
        columns,
        partitions: [rows.slice(first(segment)).join('')],
      })),
    ]);
    const { members } = await lake.extract({}, ['Email']);
    expect(members).toEqual(Array.from({ length: count }, (_, segment) => PROFILES - first(segment)));
    await lake.remove();
  });
  expect(growth).toBeLessThan(MAX_GROWTH);
});
