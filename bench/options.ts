import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Numbers of profiles, in ascending order. */
  readonly sizes: readonly number[];
  /** The parts of the bench to run. */
  readonly parts: readonly Part[];
  readonly json: boolean;
  /** Write BENCHMARKS.md and its chart. */
  readonly write: boolean;
  readonly help: boolean;
  /** Measure only staging: stores of some ages. */
  readonly age: boolean;
  /** Measure only staging: profiles of some widths. */
  readonly width: boolean;
  /** Measure only a day of two hundred destinations. */
  readonly day: boolean;
  /** Measure only a verification of an audience, and a forget. */
  readonly people: boolean;
  /** Measure only how sources of each kind are read. */
  readonly sources: boolean;
  /** Measure only several accounts on several workers. */
  readonly fleet: boolean;
  /** Measure only what a worker takes with exports at once, and what exports ask of an object store. */
  readonly sizing: boolean;
  /** Nothing is measured: simulate a fleet. */
  readonly simulate: boolean;
  /** Folder for CPU profiles of the workers, one per scene. */
  readonly cpuProfiles: string | undefined;
}

const PARTS = ['sizes', 'slow', 'others'] as const;
export type Part = (typeof PARTS)[number];

const SIZES = [10_000, 100_000, 1_000_000] as const;

/** @throws Error that explains the wrong usage */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      profiles: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      age: { type: 'boolean', default: false },
      width: { type: 'boolean', default: false },
      day: { type: 'boolean', default: false },
      people: { type: 'boolean', default: false },
      sources: { type: 'boolean', default: false },
      fleet: { type: 'boolean', default: false },
      sizing: { type: 'boolean', default: false },
      simulate: { type: 'boolean', default: false },
      'cpu-prof': { type: 'string' },
    },
  });
  const { profiles, only, 'cpu-prof': cpuProfiles, ...flags } = values;
  const sizes = profiles === undefined ? SIZES : [wholeNumber(profiles)];
  const parts = only === undefined ? PARTS : [partNamed(only)];
  if (flags.write && !parts.includes('sizes'))
    throw new Error('--write needs the part sizes: leave out --only');
  return { ...flags, sizes, parts, cpuProfiles };
}

function partNamed(text: string): Part {
  const part = PARTS.find((name) => name === text);
  if (part) return part;
  throw new Error(`--only takes one of ${PARTS.join(', ')}, not "${text}"`);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1000 && number <= 1_000_000) return number;
  throw new Error(`--profiles takes a whole number from 1000 to 1000000, not "${text}"`);
}

export const HELP = `Measures temporal-mailchimp on this machine: a Temporal dev server, the worker and the Mailchimp sandbox, each in its own
process, with generated profiles (fixed seed; of 100, three have no e-mail, one has an invalid one, four have the address of
another profile in different case; some values are padded, quoted or non-Latin) in ten overlapping segments.

Usage: npm run bench -- [--profiles N] [--only PART] [--json] [--write] [--cpu-prof FOLDER]
       npm run bench -- [--age] [--width]
       npm run bench -- --day [--json] [--write]
       npm run bench -- --people [--profiles N] [--json] [--write]
       npm run bench -- --sizing [--profiles N] [--json] [--write]
       npm run bench -- --simulate [--json] [--write]
       npm run bench -- --sources [--profiles N] [--json] [--write]
       npm run bench -- --fleet [--profiles N] [--json] [--write]

  --profiles N  one size instead of 10,000, 100,000 and 1,000,000 (which take about half an hour)
  --only PART   sizes (1 to 5, without the slow scenes of 3), slow (those) or others (6)
  --json        the figures as one JSON line on standard output, instead of tables
  --write       also write BENCHMARKS.md and its chart
  --age         instead: claims in stores with up to 10,000 past exports, and a store of 1,000 destinations (a minute)
  --width       instead: plan, read and settle profiles with up to 80 texts of 255 bytes, at the default memory (takes an hour)
  --day         instead: a day of two hundred destinations with hourly schedules (7), by a fast clock (takes half an hour); --write
                writes that section of BENCHMARKS.md, and bench/day/figures.json, which a test compares with
  --people      instead: verify an audience of 100,000 and of a million, and forget a person in a store with as many (8; takes ten minutes);
                --write writes that section of BENCHMARKS.md, and bench/people/figures.json, which a test compares with
  --sizing      instead: the memory of one worker with up to sixteen exports at once, and requests to an object store (9; takes half an hour, and installs
                moto); --profiles N leaves larger sizes out; --write writes that section of BENCHMARKS.md, and bench/sizing/figures.json
  --simulate    instead: compute a fleet of 1,000 destinations from the figures of the other sections (10; takes half a minute); --write writes that section
  --sources     instead: read the same profiles from each kind of source, whose servers it starts (11; takes ten minutes); --write writes that section
                of BENCHMARKS.md, and bench/sources/figures.json
  --fleet       instead: ten accounts with a destination each, exported at once by three workers with one bucket, of which one is killed every minute (12;
                takes as long as a batch of all its operations, a second each); --write writes that section of BENCHMARKS.md
  --cpu-prof FOLDER
                write CPU profiles of the workers' threads there, one folder per scene; slows the workers down

What the figures mean. Times of an export come from its Temporal history, requests and bytes from the sandbox's counters.

1. prepare    From the first byte read of the source to numbered chunks: the steps takeSnapshot and planExport. floor: the same
              plan (all columns as text, validation, normalisation, duplicates, tags of each contact, hashes, chunks of 500 in
              Parquet) as bare SQL in one script (bench/floor.ts), with DuckDB's memory limit and threads as in the worker.
2. deliver    From the first submission to the last outcome, against a sandbox without delay: contacts sent per second. lean:
              replies with the fields that the exporter reads (0.6 KB per member); full: like Mailchimp's, with links (3.3 KB).
3. efficiency The minimum time that the provider needs, divided by the time of delivery. Each operation takes 100 ms at the sandbox;
              batch lane: one operation after another; direct lane: ten connections. Separately, slow: 1 s per operation, as at
              Mailchimp, with 500,000 profiles directly and 30,000 in batches.
4. refresh    The next export, after no change, and after a change of 1 % of all profiles (half of these edited, a quarter new,
              a quarter deleted). writes: operations of batches and direct writes. reads: GET requests, including preflight and
              polls. census: seconds to read the audience: all members before the first export, the opted-out members before
              later exports. In each lane, with lean replies and without delay.
5. cost       peak RSS of the worker process: over all exports of the scene, and in the steps of the first export.
              History: events and bytes of all runs of the export. activities: steps; actions: what Temporal Cloud bills (starts,
              steps with their retries, timers, updates, signals, markers; bench/billed.ts), without heartbeats. Requests, and bytes of bodies up and
              down, at the sandbox. staging: bytes on disk at the peak (with what DuckDB spills) and after the export.
6. others     20,000 profiles sent in the ways of other tools, in this process, on a sandbox with full replies: without delay, and
              where each operation takes 100 ms (then only the first rows, so that it ends in half a minute).
              seconds: for all ways, from the first request to the last reply that was accounted for. All but mailchimp-api-v3 take compressed replies.
              PUT: one request per profile, ten at a time (Multiwoven, Grouparoo). 500 per request: one after another (Embulk,
              hotglue, Kestra). batches: one operation per profile through npm mailchimp-api-v3, which polls every 2 s.
              refused: rows that the sandbox refused; noticed: those of them that the tool detects. A PUT gets its own 400. Tools that
              check the HTTP status of a request of 500 detect nothing: it is 200. mailchimp-api-v3 reports how many operations
              failed but not which: its reader of results ends the process at an empty file in the archive, so the results are
              not read. Its URL is fixed, so its field __base_url is set to the sandbox.

After every first export the audience in the sandbox is compared with the source files, contact by contact: address, status, fields
and tags, by a query that shares no code with the product (bench/reconcile.ts). A difference ends the bench with exit code 1.
`;
