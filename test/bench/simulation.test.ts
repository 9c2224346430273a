import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { simulateFleet } from '../../bench/simulation/figures';
import { drawFleet } from '../../bench/simulation/fleet';
import {
  actionsOfExport,
  aloneSeconds,
  deliverySeconds,
  operations,
  preparingSeconds,
  reads,
  sendingSeconds,
  type SimulatedExport,
} from '../../bench/simulation/one-export';
import { fairly } from '../../bench/simulation/shared';
import { simulate, type SimulationOptions } from '../../bench/simulation/simulate';
import { describeSimulation } from '../../bench/simulation/tables';

const BENCHMARKS = readFileSync(resolve(__dirname, '../../BENCHMARKS.md'), 'utf8');

/** The rows of a section whose first cell is a number, each with its cells as texts. */
function rowsOf(title: string): string[][] {
  const section = BENCHMARKS.split(/^(?=### )/m).find((text) => text.startsWith(`### ${title}`))!;
  const lines = section.split('\n').filter((line) => /^\| +\d/.test(line));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const numberOf = (cell: string | undefined) => Number(/[\d.]+/.exec((cell ?? '').replaceAll(',', ''))![0]);

/** As far apart as the machine's own runs are: what is compared was measured once, beside other work. */
const TOLERANCE = 0.25;
const isNear = (found: number, measured: number) => Math.abs(found - measured) <= TOLERANCE * measured + 0.2;

/** Sent in the first export of the bench, by its number of profiles. */
const SENT = new Map([...rowsOf('2.')].map(([profiles, , , sent]) => [numberOf(profiles), numberOf(sent)]));

/** The exports of section 4 in the direct lane, as the model has them. */
function exportsOf(): { one: SimulatedExport; what: string; measured: string[] }[] {
  const rows = rowsOf('4.').filter(([, lane]) => lane === 'direct');
  expect(rows).toHaveLength(9);
  return rows.map((measured) => {
    const profiles = numberOf(measured[0]);
    const what = measured[2]!;
    const changed = { first: SENT.get(profiles)!, 'no change': 0, '1 % changed': profiles / 100 }[what]!;
    return { one: { profiles, changed, isFirst: what === 'first' }, what, measured };
  });
}

describe('the model of one export', () => {
  // Without delay: an operation takes no time.
  const provider = { operationSeconds: 0, readSeconds: 0, connections: 4 };

  test('takes as long as the exports of the bench that send directly', () => {
    const wrong = exportsOf().filter(
      ({ one, measured }) => !isNear(aloneSeconds(one, provider), numberOf(measured[3])),
    );
    expect(wrong).toEqual([]);
  });

  test('takes as long as the bench where an operation takes time at Mailchimp', () => {
    const rows = rowsOf('3.').filter(([, lane]) => lane === 'direct');
    expect(rows).toHaveLength(4);
    for (const [size, , operation, sent, , used, , measured] of rows) {
      const profiles = numberOf(size);
      const one = { profiles, changed: numberOf(sent) * 500, isFirst: true };
      const slow = { ...provider, operationSeconds: numberOf(operation) / 1000, connections: numberOf(used) };
      const found = Math.max(deliverySeconds(one, slow), sendingSeconds(one));
      expect({ profiles, found, isNear: isNear(found, numberOf(measured)) }).toMatchObject({ isNear: true });
    }
  });

  test('asks Mailchimp as often as the bench', () => {
    for (const { one, what, measured } of exportsOf()) {
      const [read, wrote] = [numberOf(measured[6]), numberOf(measured[7])];
      expect(reads(one)).toBe(read);
      // A first export also creates the ten tags.
      const found = operations(one) + (what === 'first' ? 10 : 0);
      expect(Math.abs(found - wrote)).toBeLessThanOrEqual(Math.max(1, TOLERANCE * wrote));
    }
  });

  test('costs the actions of the bench', () => {
    const rows = rowsOf('5.').filter(([, what, ...more]) => what?.startsWith('direct') && more.length === 9);
    expect(rows.length).toBeGreaterThanOrEqual(9);
    for (const cells of rows) {
      const profiles = numberOf(cells[0]);
      const one = { profiles, changed: SENT.get(profiles)!, isFirst: true };
      expect({ profiles, actions: actionsOfExport(one) }).toEqual({ profiles, actions: numberOf(cells[10]) });
    }
  });
});

describe('a simulated fleet', () => {
  const small = { seed: 7, accounts: 5, destinations: 40, profilesADay: 2_000_000 };
  const provider = { operationSeconds: 1, readSeconds: 0.2, connections: 8 };
  const options = (more: Partial<SimulationOptions> = {}): SimulationOptions => ({
    fleet: drawFleet(small),
    seed: 7,
    workers: 2,
    provider,
    changedShare: 0.01,
    starts: 'spread',
    ...more,
  });

  test('exports each destination as often as its schedule says, and as many profiles as were asked for', () => {
    const { fleet } = options();
    const { runs, overlapped } = simulate(options());
    expect(overlapped).toBe(0);
    expect(runs).toHaveLength(fleet.reduce((sum, { intervalHours }) => sum + 24 / intervalHours, 0));
    const profiles = runs.reduce((sum, { one }) => sum + one.profiles, 0);
    expect(Math.abs(profiles - small.profilesADay)).toBeLessThan(0.001 * small.profilesADay);
  });

  test('waits for nothing where there is one destination, and longer with fewer workers and at the same hour', () => {
    const [fleet] = [[{ account: 0, profiles: 100_000, intervalHours: 1 }]];
    const [alone] = simulate(options({ fleet })).runs;
    expect(alone!.waited).toBeCloseTo(0, 6);
    expect(alone!.seconds).toBeGreaterThan(preparingSeconds(alone!.one));
    const sumOf = (more: Partial<SimulationOptions>) =>
      simulate(options(more)).runs.reduce((sum, { waited }) => sum + waited, 0);
    expect(sumOf({ starts: 'hour' })).toBeGreaterThan(sumOf({}));
    expect(sumOf({ starts: 'hour', workers: 1 })).toBeGreaterThan(sumOf({ starts: 'hour', workers: 4 }));
    expect(sumOf({ provider: { ...provider, connections: 2 } })).toBeGreaterThan(sumOf({}));
  });

  test('gives the same figures for the same seed, and others for another', () => {
    const [one, same, other] = [7, 7, 8].map((seed) => describeSimulation(simulateFleet({ ...small, seed })));
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });
});

test('connections are divided fairly: one for each export, small ones first, and none more than it has requests', () => {
  const divide = fairly(8, 1);
  expect(divide([20])).toEqual([8]);
  expect(divide([1, 20])).toEqual([1, 7]);
  expect(divide([10, 20, 30])).toEqual([3, 3, 2]);
  expect(divide(Array.from({ length: 10 }, (_, index) => index + 5))).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
});

test('BENCHMARKS.md has the fleet that the model gives', () => {
  expect(BENCHMARKS).toContain(describeSimulation(simulateFleet()));
});
