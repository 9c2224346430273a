import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';

const ROOT = resolve(__dirname, '../..');
const DATA = join(ROOT, 'examples/chinook/data');

const OUTCOMES = [
  'created',
  'updated',
  'unchanged',
  'removed',
  'invalid',
  'duplicate',
  'suppressed',
  'throttled',
  'rejected',
  'unproven',
  'not_sent',
] as const;
const STATUSES = ['subscribed', 'pending', 'transactional', 'unsubscribed', 'cleaned', 'archived'] as const;

/** The promise to scripts, written down once more: nothing of ours is asked. */
interface DemoJson {
  readonly exports: readonly {
    readonly selected: number;
    readonly departed: number;
    readonly outcomes: Readonly<Record<(typeof OUTCOMES)[number], number>>;
    readonly reach: Readonly<Record<(typeof STATUSES)[number], number>>;
    readonly segments: readonly {
      readonly name: string;
      readonly tagged: number;
      readonly untagged: number;
      readonly failed: number;
    }[];
    readonly requests: number;
    readonly batches: number;
    readonly durationMs: number;
  }[];
  readonly audience: { readonly members: number; readonly tags: Readonly<Record<string, number>> };
  readonly worker: { readonly peakRssBytes: number };
}

interface Member {
  readonly email: string;
  readonly tags: readonly string[];
}

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGTERM');
  running.clear();
});

/** The program as a user starts it, with a temporary folder of its own. */
function startDemo(...args: string[]) {
  const temporary = mkdtempSync(join(tmpdir(), 'demo-'));
  const child = spawn(process.execPath, ['dist/cli/main.js', 'demo', '--json', ...args], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    told += more;
  });
  const closed = once(child, 'close');
  const output = text(child.stdout);
  return {
    /** Waits until it has said so, or has ended. Answers all that it has said so far. */
    says: async (words: string) => {
      const ended = closed.then(() => true);
      while (!told.includes(words))
        if ((await Promise.race([once(child.stderr, 'data'), ended])) === true) break;
      return told;
    },
    interrupt: () => child.kill('SIGINT'),
    end: async () => {
      const [exitCode] = (await closed) as [number | null];
      running.delete(child);
      // Nobody's data is left behind.
      expect(readdirSync(temporary)).toEqual([]);
      rmdirSync(temporary);
      return { exitCode, lines: (await output).trim().split('\n'), told };
    },
  };
}

const counts = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, expect.any(Number)]));

function expectShape(json: DemoJson): void {
  const segment = {
    name: expect.any(String),
    tagged: expect.any(Number),
    untagged: expect.any(Number),
    failed: expect.any(Number),
  };
  const numbers = counts(['selected', 'departed', 'requests', 'batches', 'durationMs']);
  expect(json).toEqual({
    exports: json.exports.map(({ segments }) => ({
      ...numbers,
      outcomes: counts(OUTCOMES),
      reach: counts(STATUSES),
      segments: segments.map(() => segment),
    })),
    audience: { members: expect.any(Number), tags: counts(Object.keys(json.audience.tags)) },
    worker: { peakRssBytes: expect.any(Number) },
  });
  expect(json.exports).toHaveLength(3);
  expect(json.worker.peakRssBytes).toBeGreaterThan(50_000_000);
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);

function expectSums({ exports }: DemoJson): void {
  for (const { selected, departed, outcomes, reach } of exports) {
    expect(sum(outcomes)).toBe(selected + departed);
    expect(sum(reach)).toBe(outcomes.created + outcomes.updated);
  }
}

/** Fields may hold quoted commas and line breaks. */
function readCsv(file: string): Record<string, string>[] {
  const cells = readFileSync(join(DATA, file), 'utf8').matchAll(/("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/g);
  const rows: string[][] = [[]];
  for (const [whole, cell = '', end = ''] of cells) {
    if (whole === '') break;
    rows.at(-1)!.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end !== ',') rows.push([]);
  }
  const [header = [], ...lines] = rows.filter(({ length }) => length > 0);
  return lines.map((line) => Object.fromEntries(header.map((name, index) => [name, line[index] ?? ''])));
}

/** Who is in which segment, worked out without SQL. */
function chinook() {
  const invoices = readCsv('invoices.csv');
  const customers = new Map(readCsv('customers.csv').map((row) => [row['CustomerId']!, row]));
  const customerOf = new Map(invoices.map((row) => [row['InvoiceId'], row['CustomerId']!]));
  const cents = new Map<string, number>();
  for (const { CustomerId = '', Total = '' } of invoices)
    cents.set(CustomerId, (cents.get(CustomerId) ?? 0) + Math.round(Number(Total) * 100));
  const american = invoices.filter(({ BillingCountry = '' }) => ['USA', 'Canada'].includes(BillingCountry));
  const blues = readCsv('invoice-lines.csv').filter(({ Genre }) => Genre === 'Blues');
  const segments: Record<string, Set<string>> = {
    'North America': new Set(american.map(({ CustomerId = '' }) => CustomerId)),
    'Big spenders': new Set([...cents].filter(([, total]) => total >= 4000).map(([id]) => id)),
    'Blues lovers': new Set(blues.map(({ InvoiceId }) => customerOf.get(InvoiceId)!)),
  };
  const selected = new Set(Object.values(segments).flatMap((ids) => [...ids]));
  return { customers, segments, selected };
}

/** Members of each segment, without some customers. */
function tagCounts(segments: Readonly<Record<string, Set<string>>>, without: readonly string[]) {
  return Object.fromEntries(
    Object.entries(segments).map(([name, ids]) => [
      name,
      [...ids].filter((id) => !without.includes(id)).length,
    ]),
  );
}

async function readMembers(configFile: string): Promise<Member[]> {
  const [, origin] = /baseUrl: (http:\S+)\/3\.0/.exec(readFileSync(configFile, 'utf8')) ?? [];
  const state = (await (await fetch(`${origin}/_sandbox/state`)).json()) as { audiences: { id: string }[] };
  const reply = await fetch(`${origin}/_sandbox/audiences/${state.audiences[0]?.id}/members`);
  const lines = (await reply.text()).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Member);
}

describe('the demo', () => {
  test('exports the Chinook customers three times, and leaves what the input says in the audience', async () => {
    const { customers, segments, selected } = chinook();
    const polish = customers.get('49')?.['Email'] ?? '';
    expect(polish).toMatch(/^[a-z.]*[^a-z.@][^@]*@/);
    expect(Object.values(segments).filter((ids) => ids.has('49'))).toHaveLength(1);
    for (const { size } of Object.values(segments)) {
      expect(size).toBeGreaterThanOrEqual(5);
      expect(size).toBeLessThanOrEqual(30);
    }

    const demo = startDemo('--keep');
    const kept = await demo.says('export rejects newsletter\n');
    expect(kept).toContain('Everything runs until Ctrl-C');
    const configFile = /--config (\S+)/.exec(kept)?.[1] ?? '';
    expect(existsSync(configFile)).toBe(true);
    const members = await readMembers(configFile);
    demo.interrupt();
    const { exitCode, lines, told } = await demo.end();

    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    expect(told).toMatch(/Web UI: http:\/\/127\.0\.0\.1:\d+/);
    expect(told).not.toContain(polish);
    // Ctrl-C cleans up.
    expect(existsSync(dirname(configFile))).toBe(false);
    const json = JSON.parse(lines[0]!) as DemoJson;
    expectShape(json);
    expectSums(json);

    const [first, second, third] = json.exports;
    const none = Object.fromEntries(OUTCOMES.map((name) => [name, 0]));
    const sent = selected.size - 1;
    expect(sent).toBe(40);
    expect(first).toMatchObject({ selected: selected.size, departed: 0, batches: 1 });
    expect(first?.outcomes).toEqual({ ...none, created: sent, invalid: 1 });
    expect(first?.reach.subscribed).toBe(sent);
    const everybody = tagCounts(segments, ['49']);
    expect(first?.segments).toEqual(
      Object.entries(everybody).map(([name, tagged]) => ({ name, tagged, untagged: 0, failed: 0 })),
    );

    expect(second).toMatchObject({ selected: selected.size, departed: 0, batches: 0 });
    expect(second?.outcomes).toEqual({ ...none, unchanged: sent, invalid: 1 });

    expect(third).toMatchObject({ selected: selected.size - 1, departed: 1 });
    expect(third?.outcomes).toEqual({ ...none, updated: 2, unchanged: sent - 3, removed: 1, invalid: 1 });
    expect(third?.segments.map(({ tagged }) => tagged)).toEqual([0, 0, 0]);

    // The one who has left stays in the audience, without our tags.
    expect(members).toHaveLength(sent);
    const left = members.filter(({ tags }) => tags.length === 0);
    expect(left).toHaveLength(1);
    const leaver = [...selected].find((id) => customers.get(id)?.['Email'] === left[0]?.email) ?? '';
    expect(selected).toContain(leaver);
    expect(json.audience).toEqual({ members: sent, tags: tagCounts(segments, ['49', leaver]) });
    for (const id of [...selected].filter((id) => id !== '49' && id !== leaver)) {
      const member = members.find(({ email }) => email === customers.get(id)?.['Email']);
      const expected = Object.keys(segments).filter((name) => segments[name]?.has(id));
      expect({ id, tags: member?.tags.toSorted() }).toEqual({ id, tags: expected.toSorted() });
    }
    expect(members.map(({ email }) => email)).not.toContain(polish);
    expect(members.filter(({ email }) => /w[oó]jcik/i.test(email.normalize('NFC')))).toEqual([]);
  }, 120_000);

  test('accounts for each of 2,000 generated profiles, in all three exports', async () => {
    const { exitCode, lines } = await startDemo('--profiles', '2000').end();
    expect(exitCode).toBe(0);
    const json = JSON.parse(lines.at(-1)!) as DemoJson;
    expectShape(json);
    expectSums(json);

    const [first, second, third] = json.exports;
    expect(first).toMatchObject({ selected: 2000, departed: 0 });
    expect(first?.outcomes.invalid).toBeGreaterThan(0);
    expect(first?.outcomes.duplicate).toBeGreaterThan(0);
    expect(json.audience.members).toBe(first?.outcomes.created);
    expect(second).toMatchObject({ batches: 0, outcomes: { created: 0, updated: 0, removed: 0 } });
    expect(second?.outcomes.unchanged).toBe(first?.outcomes.created);
    expect(third).toMatchObject({ departed: 1, outcomes: { created: 0, updated: 2, removed: 1 } });
    const held = first?.segments.map(({ name, tagged }, index) => {
      const { untagged = 0 } = third?.segments[index] ?? {};
      return [name, tagged - untagged] as const;
    });
    expect(json.audience.tags).toEqual(Object.fromEntries(held ?? []));
  }, 120_000);
});
