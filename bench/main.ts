import { performance } from 'node:perf_hooks';
import { findTemporalBinary } from '../src/dev/temporal-binary';
import { changeOneOfAHundred } from './change-profiles';
import type { Figures, Lane, OtherFigures, SceneFigures, SizeFigures, SlowFigures } from './figures';
import { measureFloor } from './floor';
import { thisMachine } from './machine';
import { measureExport } from './measure-export';
import { HELP, parseOptions, type BenchOptions, type Part } from './options';
import { measureOthers } from './others/measure-others';
import { measureDay } from './day/measure-day';
import { describeDay } from './day/tables';
import { measureFleet } from './fleet/measure-fleet';
import { describeFleet } from './fleet/tables';
import { measurePeople } from './people/measure-people';
import { describePeople } from './people/tables';
import { measureSizing } from './sizing/measure-sizing';
import { describeSizing } from './sizing/tables';
import { reconcile } from './reconcile';
import { openScene, type SceneOptions } from './scene';
import { simulateFleet } from './simulation/figures';
import { describeSimulation } from './simulation/tables';
import { measureSources } from './sources/measure-sources';
import { describeSources } from './sources/tables';
import { measureAges, measureWidths } from './staging-scale';
import { describeFigures } from './tables';
import { describeTargets } from './targets';
import { useTemporaryFolder } from './temporary-folder';
import {
  writeBenchmarks,
  writeDay,
  writeFleet,
  writePeople,
  writeSimulation,
  writeSizing,
  writeSources,
} from './write-benchmarks';

const OPERATION_MS = 100;
const SLOW_OPERATION_MS = 1000;
const OTHERS_PROFILES = 20_000;
const FLEET = { accounts: 10, workers: 3, operationMs: SLOW_OPERATION_MS };
const CONNECTIONS = 10;
const LANES: readonly Lane[] = ['batch', 'direct'];

/** Options that all scenes share. */
type All = Pick<SceneOptions, 'temporalBinary' | 'cpuProfiles'>;
type Plan = Omit<SceneOptions, keyof All | 'profiles'>;

const UNPACED: readonly Plan[] = LANES.flatMap((lane) =>
  (['lean', 'full'] as const).map((replies) => ({ lane, replies, operationMs: 0 })),
);
const PACED: readonly Plan[] = LANES.map((lane) => ({
  lane,
  replies: 'lean',
  operationMs: OPERATION_MS,
  ...(lane === 'direct' && { connections: CONNECTIONS }),
}));

/** So many profiles that the first operation, which has to go alone, is a small part of all. */
const SLOW: readonly (Plan & { readonly profiles: number })[] = [
  {
    profiles: 500_000,
    lane: 'direct',
    replies: 'lean',
    operationMs: SLOW_OPERATION_MS,
    connections: CONNECTIONS,
  },
  { profiles: 30_000, lane: 'batch', replies: 'lean', operationMs: SLOW_OPERATION_MS },
];

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const say = (line: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
};

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  useTemporaryFolder();
  if (options.age || options.width) {
    if (options.age) await measureAges(print);
    if (options.width) await measureWidths(print);
    return;
  }
  if (options.day) {
    const figures = await measureDay(await findTemporalBinary({ report: say }), say);
    print(options.json ? JSON.stringify(figures) : describeDay(figures));
    if (options.write) await writeDay(figures);
    return;
  }
  if (options.people) {
    // Smaller ones show what starting a step costs.
    const sizes = options.sizes.length === 1 ? options.sizes : options.sizes.slice(-2);
    const temporalBinary = await findTemporalBinary({ report: say });
    const figures = await measurePeople({ temporalBinary, sizes }, say);
    print(options.json ? JSON.stringify(figures) : describePeople(figures));
    if (options.write) await writePeople(figures);
    return;
  }
  if (options.fleet) {
    const temporalBinary = await findTemporalBinary({ report: say });
    const figures = await measureFleet({ ...FLEET, temporalBinary, profiles: options.sizes.at(-1)! }, say);
    print(options.json ? JSON.stringify(figures) : describeFleet(figures));
    if (options.write) await writeFleet(figures);
    return;
  }
  if (options.simulate) {
    const figures = simulateFleet();
    print(options.json ? JSON.stringify(figures) : describeSimulation(figures));
    if (options.write) await writeSimulation(figures);
    return;
  }
  if (options.sizing) {
    const temporalBinary = await findTemporalBinary({ report: say });
    const figures = await measureSizing({ temporalBinary, most: options.sizes.at(-1)! }, say);
    print(options.json ? JSON.stringify(figures) : describeSizing(figures));
    if (options.write) await writeSizing(figures);
    return;
  }
  if (options.sources) {
    const figures = await measureSources(options.sizes.at(-1)!, say);
    print(options.json ? JSON.stringify(figures) : describeSources(figures));
    if (options.write) await writeSources(figures);
    return;
  }
  const figures = await measure(options);
  const tables = () => `${describeTargets(figures)}\n\n${describeFigures(figures)}`;
  process.stdout.write(`${options.json ? JSON.stringify(figures) : tables()}\n`);
  if (options.write) await writeBenchmarks(figures);
}

async function measure({ sizes, parts, cpuProfiles }: BenchOptions): Promise<Figures> {
  const start = performance.now();
  const all = { temporalBinary: await findTemporalBinary({ report: say }), cpuProfiles };
  const has = (part: Part) => parts.includes(part);
  const measured: SizeFigures[] = [];
  if (has('sizes')) for (const profiles of sizes) measured.push(await measureSize(profiles, all));
  const slow: SlowFigures[] = [];
  if (has('slow')) {
    for (const plan of SLOW)
      slow.push({ profiles: plan.profiles, scene: await measureScene({ ...plan, ...all }) });
  }
  const others: OtherFigures[] = [];
  if (has('others')) for (const ms of [0, OPERATION_MS]) others.push(await measureOtherWays(all, ms));
  return {
    machine: thisMachine(),
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
    at: new Date().toISOString().slice(0, 10),
    seconds: (performance.now() - start) / 1000,
    sizes: measured,
    slow,
    others,
  };
}

async function measureOtherWays(all: All, operationMs: number): Promise<OtherFigures> {
  const profiles = OTHERS_PROFILES;
  const ours: SceneFigures[] = [];
  for (const plan of [...UNPACED, ...PACED].filter(isCompared(operationMs)))
    ours.push(await measureScene({ ...plan, ...all, profiles, replies: 'full' }));
  say(`${profiles} profiles in the ways of other tools, ${paceOf(operationMs)}`);
  return { profiles, operationMs, ways: await measureOthers(profiles, operationMs), ours };
}

/** One scene per lane. */
const isCompared = (operationMs: number) => (plan: Plan) =>
  plan.replies === 'lean' && plan.operationMs === operationMs;

const paceOf = (operationMs: number): string =>
  operationMs === 0 ? 'no delay' : `${operationMs} ms per operation`;

async function measureSize(profiles: number, all: All): Promise<SizeFigures> {
  say(`${profiles} profiles: the plan as bare SQL`);
  const floorSeconds = await measureFloor(profiles);
  const scenes: SceneFigures[] = [];
  for (const plan of [...UNPACED, ...PACED]) scenes.push(await measureScene({ ...plan, ...all, profiles }));
  return { profiles, floorSeconds, scenes };
}

/** The first export; in one scene of each lane also an export without changes and one after changes. */
async function measureScene(options: SceneOptions): Promise<SceneFigures> {
  const { profiles, lane, replies, operationMs, connections } = options;
  say(`${profiles} profiles: lane ${lane}, ${replies} replies, ${paceOf(operationMs)}`);
  const scene = await openScene(options);
  try {
    const first = await measureExport(scene);
    say(
      `  sent ${first.sent} in ${first.deliverSeconds.toFixed(1)} s; prepared in ${first.prepareSeconds.toFixed(1)} s`,
    );
    const compared = await reconcile(scene, 0);
    if (compared !== first.sent) throw new Error(`${first.sent} were sent, and the source has ${compared}`);
    const isRefreshed = replies === 'lean' && operationMs === 0;
    const refreshed = isRefreshed ? await measureRefreshes(scene) : {};
    const { peakRss } = await scene.close();
    const parallelism = lane === 'direct' ? (connections ?? 4) : 1;
    return { lane, replies, operationMs, parallelism, first, ...refreshed, peakRss };
  } finally {
    await scene.close();
  }
}

async function measureRefreshes(scene: Awaited<ReturnType<typeof openScene>>) {
  say('  again, after no change');
  const unchanged = await measureExport(scene);
  await changeOneOfAHundred(scene);
  say('  again, after a change of 1 %');
  const changed = await measureExport(scene);
  await reconcile(scene, changed.departed);
  return { unchanged, changed };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
