import type { FaultRule, SettingsPatch } from '../../src/sandbox';
import { TROUBLES } from '../model/conditions';
import type { World } from '../model/world';
import { actBetween, actDuring, changeProfiles, type Deed } from './people';
import type { Random } from './random';

const WORKERS = 2;

/** Faults that grow with a request, beside those of the model. They end, since a provider that never answers is waited for. */
const LARGE: Readonly<Record<string, FaultRule>> = {
  'a 504 for large requests': {
    match: 'POST /lists/*',
    via: 'any',
    moreThan: 100,
    times: 3,
    effect: { type: 'status', status: 504 },
  },
  'a 502 for large pages': {
    match: 'GET /lists/*/members',
    moreThan: 100,
    times: 2,
    effect: { type: 'status', status: 502 },
  },
  'a storm of 429': { match: '* /**', times: 15, effect: { type: 'status', status: 429 } },
};
const FAULTS = { ...TROUBLES, ...LARGE };

const BLOWS = [
  'a freeze of seconds',
  'a freeze of seconds',
  'a freeze longer than a heartbeat',
  'a freeze into the next export',
  'a killed worker',
  'two killed workers',
  'a killed server',
] as const;

interface Fault {
  readonly name: string;
  readonly rule: FaultRule;
}

/** What happens to a worker, or to the server, while an export runs. */
export interface Blow {
  readonly what: (typeof BLOWS)[number];
  readonly atMs: number;
  readonly worker: number;
  readonly forMs: number;
}

/** All that is random about one export. It depends on the seed and the model alone, so the same seed chooses the same again. */
export interface Choices {
  readonly deedsBefore: readonly Deed[];
  readonly order: {
    readonly lane: 'batch' | 'direct' | 'auto';
    readonly census: boolean;
    readonly allowMassRemoval: boolean;
    readonly limit?: number;
  };
  readonly settings: SettingsPatch;
  readonly faults: readonly Fault[];
  readonly deeds: readonly (Deed & { readonly atMs: number })[];
  readonly blows: readonly Blow[];
  /** When each worker wakes that slept through the end of the export before. */
  readonly lateWakesMs: readonly number[];
}

/** Chooses an export and what happens before and in it. People's deeds and the changes of the source are in the model afterwards. */
export function chooseExport(world: World, random: Random, { isFirst }: { isFirst: boolean }): Choices {
  if (!isFirst) changeProfiles(world, random);
  return {
    deedsBefore: isFirst ? [] : actBetween(world, random),
    order: {
      lane: random.pick(['batch', 'direct', 'auto'] as const),
      census: random.chance(0.1),
      allowMassRemoval: true,
      ...(random.chance(0.1) && { limit: random.between(10, 200) }),
    },
    settings: {
      operationMs: random.pick([0, 0, 5, 50]),
      batchParallelism: random.between(1, 3),
      batchPolls: random.between(0, 2),
      resultsPerFile: random.pick([1, 2, 1000]),
      connectionLimit: random.pick([2, 10, 10]),
      replies: random.pick(['full', 'lean']),
    },
    faults: Array.from({ length: random.pick([0, 0, 1, 2, 3, 4]) }, () => chooseFault(random)),
    deeds: actDuring(world, random).map((deed) => ({ ...deed, atMs: random.between(0, 4000) })),
    blows: Array.from({ length: random.pick([0, 0, 1, 1, 2]) }, () => chooseBlow(random)),
    lateWakesMs: Array.from({ length: WORKERS }, () => random.between(0, 8000)),
  };
}

function chooseFault(random: Random): Fault {
  const name = random.pick(Object.keys(FAULTS));
  return { name, rule: { ...FAULTS[name]!, after: random.pick([0, 0, 1, 3, 8]) } };
}

/** Most come early: most exports are short. */
function chooseBlow(random: Random): Blow {
  const what = random.pick(BLOWS);
  const isLong = what === 'a freeze longer than a heartbeat';
  return {
    what,
    worker: random.between(0, WORKERS - 1),
    forMs: isLong ? random.between(21_000, 40_000) : random.between(500, 5000),
    atMs: random.between(0, random.pick([1500, 6000])),
  };
}
