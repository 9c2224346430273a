import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Numbers of profiles, ascending. */
  readonly sizes: readonly number[];
  readonly json: boolean;
  /** Write BENCHMARKS.md and its chart. */
  readonly write: boolean;
  readonly help: boolean;
  /** Folder for CPU profiles of the workers, one a scene. */
  readonly cpuProfiles: string | undefined;
}

const SIZES = [10_000, 100_000, 1_000_000] as const;

/** @throws Error with a sentence for wrong usage */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      profiles: { type: 'string' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      'cpu-prof': { type: 'string' },
    },
  });
  const { profiles, json, write, help, 'cpu-prof': cpuProfiles } = values;
  const sizes = profiles === undefined ? SIZES : [wholeNumber(profiles)];
  return { sizes, json, write, help, cpuProfiles };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1000 && number <= 1_000_000) return number;
  throw new Error(`--profiles takes a whole number from 1000 to 1000000, not "${text}"`);
}

export const HELP = `Measures temporal-mailchimp on this machine: a real Temporal dev server, the worker and the Mailchimp sandbox, each in a
process of its own, and generated profiles (fixed seed; of 100, three have no e-mail, one a broken one, four the address of
another in other case; padded, quoted and non-Latin values among them) in ten overlapping segments.

Usage: npm run bench -- [--profiles N] [--json] [--write] [--cpu-prof FOLDER]

  --profiles N  one size instead of 10,000, 100,000 and 1,000,000 (which take about half an hour)
  --json        the figures as one JSON line on standard output, instead of tables
  --write       also write BENCHMARKS.md and its chart
  --cpu-prof FOLDER
                leave CPU profiles of the workers' threads there, a folder a scene; slows them down

What the figures mean. Times of an export come from its Temporal history, requests and bytes from the sandbox's counters.

1. prepare    From the first byte read of the source to numbered chunks: the steps takeSnapshot and planExport. floor: the same
              plan (all columns as text, validation, normalisation, duplicates, tags of each person, hashes, chunks of 500 in
              Parquet) as bare SQL in one script (bench/floor.ts), with DuckDB's memory limit and threads as in the worker.
2. deliver    From the first submission to the last outcome, against a sandbox without delay: people sent per second. lean:
              replies with the fields that matter (0.6 KB a member); full: as Mailchimp's, with links (3.3 KB a member).
3. efficiency The time that the provider needs at the least, divided by the time of delivery. Each operation takes 100 ms at the
              sandbox; batch lane: one operation after another; direct lane: ten connections.
4. refresh    The next export, after no change, and after a change of 1 % of all profiles (half of these edited, a quarter new,
              a quarter gone). writes: operations of batches and direct writes. reads: GET requests, those of preflight and polls
              among them. census: seconds for reading the audience: all of it before the first export, who has opted out before
              the later ones.
5. cost       peak RSS of the worker process: of its whole life with all exports of the scene, and in the steps of the first export.
              History: events and bytes of all runs of the export. activities: steps; actions: what Temporal Cloud bills (starts,
              steps with their retries, timers, updates, signals, memos), heartbeats apart. Requests, and bytes of bodies up and
              down, at the sandbox. staging: bytes on disk at the peak (with what DuckDB spills) and after the export.
6. others     20,000 profiles through the ways of other tools, in this process, on a sandbox with full replies: without delay, and
              where each operation takes 100 ms (then only the first rows, to end in half a minute).
              PUT: one request a profile, ten at a time (Multiwoven, Grouparoo). 500 per request: one after another (Embulk,
              hotglue, Kestra). batches: an operation a profile through npm mailchimp-api-v3, which polls every 2 s.
              refused: rows that the sandbox refused; noticed: of these, what the tool learns. A PUT sees its own 400. Tools that
              look at the HTTP status of a request of 500 notice nothing: it is 200. mailchimp-api-v3 tells how many operations
              failed; which, it cannot: its reader of results ends the process at an empty file in the archive, so the results
              are left unread. Its URL is fixed, so its field __base_url is set to the sandbox.

After every first export the audience in the sandbox is compared with the source files, person by person: address, status, fields
and tags, by a query that shares nothing with the product (bench/reconcile.ts). A difference ends the bench with exit code 1.
`;
