import assert from 'node:assert/strict';

/** One rule of a port, as a test for any runner: `for (const { name, run } of cases) test(name, run)`. It fails by rejecting. */
export interface ContractCase {
  /** The rule, as a sentence. */
  readonly name: string;
  /** Rejects when the rule is broken. */
  readonly run: () => Promise<void>;
}

/** What a suite opens for each case. */
export interface Fixture {
  /** Called when the case has ended, passed or not. */
  close?(): Promise<void>;
}

/** Cases that each get a fixture of their own. */
export function casesWith<Opened extends Fixture>(
  open: () => Promise<Opened>,
  rules: Readonly<Record<string, (opened: Opened) => Promise<void>>>,
): readonly ContractCase[] {
  return Object.entries(rules).map(([name, rule]) => ({
    name,
    run: async () => {
      const opened = await open();
      try {
        await rule(opened);
      } finally {
        await opened.close?.();
      }
    },
  }));
}

/** Resolves to what was thrown. */
export async function errorOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('It resolved, although the contract asks for an error.');
}

/** Compares data by its JSON: in a runner that gives each file a realm of its own, lists of Node's own are of another one. */
export function assertSame(actual: unknown, expected: unknown): void {
  assert.deepEqual(JSON.parse(JSON.stringify(actual)), JSON.parse(JSON.stringify(expected)));
}
