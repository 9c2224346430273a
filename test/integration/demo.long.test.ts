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
  'archived',
  'invalid',
  'duplicate',
  'suppressed',
  'throttled',
  'rejected',
  'unproven',
  'not_sent',
] as const;
const STATUSES = ['subscribed', 'pending', 'transactional', 'unsubscribed', 'cleaned', 'archived'] as const;

/** The promise to scripts, written down here without our code. */
interface DemoJson {
  readonly exports: readonly {
    readonly selected: number;
    readonly departed: number;
    readonly outcomes: Readonly<Record<(typeof OUTCOMES)[number], number>>;
    readonly memberStatuses: Readonly<Record<(typeof STATUSES)[number], number>>;
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
  readonly status: string;
  readonly tags: readonly string[];
}

/** Members that other tools have added to the audience, by key: status and tags. */
const BROUGHT: Readonly<Record<string, readonly [status: string, ...tags: string[]]>> = {
  '5': ['archived', 'Vinyl club'],
  '6': ['subscribed', 'Blues lovers', 'Vinyl club'],
  '14': ['subscribed', 'Vinyl club'],
  '16': ['unsubscribed'],
  '20': ['subscribed', 'Blues lovers'],
  '23': ['unsubscribed', 'Vinyl club'],
  '31': ['pending'],
  '37': ['cleaned', 'Vinyl club'],
  '46': ['archived'],
};
const STRANGERS: readonly (readonly [status: string, ...tags: string[]])[] = [
  ['subscribed', 'Vinyl club'],
  ['subscribed', 'Blues lovers'],
  ['unsubscribed'],
];
const ARCHIVED = ['5', '46'];
const LEAVER = '6';

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
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    errors += more;
  });
  const closed = once(child, 'close');
  const output = text(child.stdout);
  return {
    /** Waits until it has said so, or has ended. Answers all that it has said so far. */
    says: async (words: string) => {
      const ended = closed.then(() => true);
      while (!errors.includes(words))
        if ((await Promise.race([once(child.stderr, 'data'), ended])) === true) break;
      return errors;
    },
    interrupt: () => child.kill('SIGINT'),
    end: async () => {
      const [exitCode] = (await closed) as [number | null];
      running.delete(child);
      // No data is left behind.
      expect(readdirSync(temporary)).toEqual([]);
      rmdirSync(temporary);
      return { exitCode, lines: (await output).trim().split('\n'), errors };
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
      memberStatuses: counts(STATUSES),
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
  for (const { selected, departed, outcomes, memberStatuses } of exports) {
    expect(sum(outcomes)).toBe(selected + departed);
    expect(sum(memberStatuses)).toBe(outcomes.created + outcomes.updated);
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

type Chinook = ReturnType<typeof chinook>;

/** Tags that a customer should carry at the end: those of others, and ours unless they are withheld or have left. */
function expectedTags(id: string, { segments }: Chinook): string[] {
  const [, ...others] = BROUGHT[id] ?? [''];
  const isOurs = ![...ARCHIVED, LEAVER].includes(id);
  const ours = isOurs ? Object.keys(segments).filter((name) => segments[name]?.has(id)) : [];
  return [...new Set([...others, ...ours])].toSorted();
}

/** What the audience should hold at the end: all customers but 49, with status and tags. */
function expectedMembers(input: Chinook) {
  const ids = [...input.selected].filter((id) => id !== '49');
  return [
    ...ids.map((id) => ({
      email: input.customers.get(id)?.['Email'],
      status: BROUGHT[id]?.[0] ?? 'subscribed',
      tags: expectedTags(id, input),
    })),
    ...STRANGERS.map(([status, ...tags]) => ({ email: expect.any(String), status, tags })),
  ];
}

/** A row of the table of members that other tools have added, without the padding. */
const tableRow = (errors: string, who: string) =>
  errors
    .split('\n')
    .find((line) => line.startsWith(`${who} `))
    ?.split(/ {2,}/);

async function readMembers(configFile: string): Promise<Member[]> {
  const [, origin] = /baseUrl: (http:\S+)\/3\.0/.exec(readFileSync(configFile, 'utf8')) ?? [];
  const state = (await (await fetch(`${origin}/_sandbox/state`)).json()) as { audiences: { id: string }[] };
  const reply = await fetch(`${origin}/_sandbox/audiences/${state.audiences[0]?.id}/members`);
  const lines = (await reply.text()).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Member);
}

describe('the demo', () => {
  test('exports the Chinook customers three times, and leaves what the input says in the audience', async () => {
    const input = chinook();
    const { customers, segments, selected } = input;
    const polish = customers.get('49')?.['Email'] ?? '';
    expect(polish).toMatch(/^[a-z.]*[^a-z.@][^@]*@/);
    expect(Object.values(segments).filter((ids) => ids.has('49'))).toHaveLength(1);
    for (const { size } of Object.values(segments)) {
      expect(size).toBeGreaterThanOrEqual(5);
      expect(size).toBeLessThanOrEqual(30);
    }

    const demo = startDemo('--keep');
    const kept = await demo.says('export failures newsletter\n');
    expect(kept).toContain('Everything runs until Ctrl-C');
    const configFile = /--config (\S+)/.exec(kept)?.[1] ?? '';
    expect(existsSync(configFile)).toBe(true);
    expect(kept).toMatch(/the destination: http:\S+\/workflows\/mailchimp%2Fnewsletter\n/);
    expect(kept).toMatch(/the last export: http:\S+\/workflows\/mailchimp%2Fnewsletter%2Fexport\n/);
    const members = await readMembers(configFile);
    demo.interrupt();
    const { exitCode, lines, errors } = await demo.end();

    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    expect(errors).toMatch(/Web UI: http:\/\/127\.0\.0\.1:\d+/);
    expect(errors).not.toContain(polish);
    // Ctrl-C cleans up.
    expect(existsSync(dirname(configFile))).toBe(false);
    const json = JSON.parse(lines[0]!) as DemoJson;
    expectShape(json);
    expectSums(json);

    const [first, second, third] = json.exports;
    const none = Object.fromEntries(OUTCOMES.map((name) => [name, 0]));
    expect(selected.size).toBe(41);
    expect(first).toMatchObject({ selected: 41, departed: 0 });
    expect(first?.outcomes).toEqual({ ...none, created: 31, updated: 7, suppressed: 2, invalid: 1 });
    // No member who had opted out, bounced or not confirmed is subscribed now.
    const memberStatuses = {
      subscribed: 34,
      pending: 1,
      transactional: 0,
      unsubscribed: 2,
      cleaned: 1,
      archived: 0,
    };
    expect(first?.memberStatuses).toEqual(memberStatuses);
    const withheld = ['49', ...ARCHIVED];
    expect(first?.segments).toEqual(
      Object.entries(segments).map(([name, ids]) => ({
        name,
        // The departed contact had "Blues lovers" before us: that pair is not ours.
        tagged: [...ids].filter((id) => !withheld.includes(id) && !BROUGHT[id]?.includes(name)).length,
        untagged: 0,
        failed: 0,
      })),
    );

    expect(second).toMatchObject({ selected: 41, departed: 0, batches: 0 });
    expect(second?.outcomes).toEqual({ ...none, unchanged: 38, suppressed: 2, invalid: 1 });

    expect(third).toMatchObject({ selected: 40, departed: 1 });
    const changed = { updated: 2, unchanged: 35, removed: 1 };
    expect(third?.outcomes).toEqual({ ...none, ...changed, suppressed: 2, invalid: 1 });
    expect(third?.segments.map(({ tagged, untagged }) => [tagged, untagged])).toEqual([
      [0, 0],
      [0, 1],
      [0, 0],
    ]);

    // From the sandbox: who is in the audience, with which status and tags.
    const held = members.map(({ email, status, tags }) => ({ email, status, tags: tags.toSorted() }));
    const expected = expectedMembers(input);
    expect(held).toHaveLength(expected.length);
    expect(held).toEqual(expect.arrayContaining(expected));
    const present = members.filter(({ status }) => status !== 'archived');
    const tagNames = [...Object.keys(segments), 'Vinyl club'];
    expect(json.audience).toEqual({
      members: present.length,
      tags: Object.fromEntries(
        tagNames.map((name) => [name, present.filter(({ tags }) => tags.includes(name)).length]),
      ),
    });
    expect(members.map(({ email }) => email)).not.toContain(polish);
    expect(members.filter(({ email }) => /w[oó]jcik/i.test(email.normalize('NFC')))).toEqual([]);

    // And the demo says so.
    for (const [id, [status]] of Object.entries(BROUGHT)) {
      expect(tableRow(errors, `customer ${id}`)).toMatchObject({ 1: status, 2: status });
      expect(tableRow(errors, `customer ${id}`)?.at(-1)).toBe('yes');
    }
    expect(errors).toContain('12 of 12 preserved');
  });

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
  });
});
