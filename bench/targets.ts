import type { Figures, Lane, OtherFigures, SceneFigures, SizeFigures } from './figures';
import { bytes, count, ratio, seconds, share } from './numbers';
import { efficiency, isUnpaced, mainScene, table } from './tables';

/** A target and the measured value. */
interface Target {
  readonly target: string;
  readonly found: string;
  readonly isReached: boolean;
}

const MILLION = 1_000_000;
const SMALL = 10_000;
const MB = 1_000_000;

/** The targets whose figures were measured. */
function judgeTargets(figures: Figures): Target[] {
  const million = figures.sizes.find(({ profiles }) => profiles === MILLION);
  const smaller = figures.sizes.find(({ profiles }) => profiles === MILLION / 10);
  const small = figures.sizes.find(({ profiles }) => profiles === SMALL);
  return [
    ...(million ? judgeMillion(million, smaller) : []),
    ...(small ? judgeSmallRefresh(small) : []),
    ...figures.slow.filter(({ scene }) => scene.lane === 'direct').map(({ scene }) => judgeSlow(scene)),
    ...figures.others.flatMap(judgeOthers),
  ];
}

export function describeTargets(figures: Figures): string {
  return table(
    ['target', 'found', 'reached'],
    judgeTargets(figures).map(({ target, found, isReached }) => [
      target,
      found,
      isReached ? 'yes' : '**no**',
    ]),
  );
}

function judgeMillion(size: SizeFigures, smaller: SizeFigures | undefined): Target[] {
  return [
    ...judgePrepare(size),
    ...(['batch', 'direct'] as const).flatMap((lane) => judgeLane(size, lane)),
    ...judgeMemory(size, smaller),
    ...judgeRefresh(size),
    ...judgeHistory(size),
  ];
}

function judgePrepare(size: SizeFigures): Target[] {
  const { prepareSeconds } = mainScene(size).first;
  const times = prepareSeconds / size.floorSeconds;
  return [
    { target: 'prepare 1 M: at most 1.6 times the floor', found: ratio(times), isReached: times <= 1.6 },
    { target: 'prepare 1 M: at most 20 s', found: seconds(prepareSeconds), isReached: prepareSeconds <= 20 },
  ];
}

function judgeLane({ scenes }: SizeFigures, lane: Lane): Target[] {
  return scenes
    .filter((scene) => scene.lane === lane)
    .map((scene) => {
      if (!isUnpaced(scene))
        return atLeast(`delivery efficiency at 1 M, ${lane}: at least 0.95`, efficiency(scene), 0.95);
      const rate = scene.first.sent / scene.first.deliverSeconds;
      const least = scene.replies === 'lean' ? 20_000 : 5_000;
      const target = `deliver 1 M, ${lane}, ${scene.replies} replies: at least ${count(least)} contacts/s`;
      return { target, found: count(rate), isReached: rate >= least };
    });
}

const atLeast = (target: string, found: number, least: number): Target => ({
  target,
  found: ratio(found),
  isReached: found >= least,
});

function judgeMemory({ scenes }: SizeFigures, smaller: SizeFigures | undefined): Target[] {
  const peak = Math.max(...scenes.map(({ peakRss }) => peakRss));
  const whole = {
    target: 'peak RSS at 1 M: at most 768 MB',
    found: bytes(peak),
    isReached: peak <= 768 * MB,
  };
  if (!smaller) return [whole];
  // The scene with the largest growth.
  const growth = Math.max(
    ...scenes.map((scene) => {
      const small = smaller.scenes.find((other) => isSame(scene, other));
      return small ? scene.first.deliverRss / small.first.deliverRss : 0;
    }),
  );
  return [
    whole,
    {
      target: 'peak RSS while delivering 1 M: at most 1.2 times that of 100 k',
      found: ratio(growth),
      isReached: growth <= 1.2,
    },
  ];
}

const isSame = (one: SceneFigures, other: SceneFigures): boolean =>
  one.lane === other.lane && one.replies === other.replies && one.operationMs === other.operationMs;

function judgeRefresh(size: SizeFigures): Target[] {
  const { first, unchanged, changed } = mainScene(size);
  const targets: Target[] = [];
  if (unchanged) {
    const { writes } = unchanged.provider;
    const limit = first.prepareSeconds + 10;
    targets.push(
      { target: 'no change at 1 M: no writes', found: count(writes), isReached: writes === 0 },
      {
        target: `no change at 1 M: at most the prepare time and 10 s, ${seconds(limit)}`,
        found: seconds(unchanged.seconds),
        isReached: unchanged.seconds <= limit,
      },
    );
  }
  if (changed) {
    const part = changed.provider.writes / first.provider.writes;
    targets.push({
      target: "1 % changed at 1 M: at most 3 % of the first export's writes",
      found: share(part),
      isReached: part <= 0.03,
    });
  }
  return targets;
}

function judgeHistory({ scenes }: SizeFigures): Target[] {
  const most = (of: (scene: SceneFigures) => number): number => Math.max(...scenes.map(of));
  const operations = most(({ first }) => first.provider.writes);
  const events = most(({ first }) => first.history.events);
  const actions = most(({ first }) => first.history.actions);
  return [
    {
      target: 'first export of 1 M: at most 2,100 operations',
      found: count(operations),
      isReached: operations <= 2100,
    },
    {
      target: 'first export of 1 M: at most 2,500 history events',
      found: count(events),
      isReached: events <= 2500,
    },
    {
      target: 'first export of 1 M: at most 400 actions (set for three hours; these take minutes)',
      found: count(actions),
      isReached: actions <= 400,
    },
  ];
}

function judgeSmallRefresh({ scenes }: SizeFigures): Target[] {
  return scenes.flatMap(({ lane, changed }) => {
    if (!changed) return [];
    const target = `1 % changed of 10,000, ${lane}: at most 1.5 s`;
    return [{ target, found: seconds(changed.seconds), isReached: changed.seconds <= 1.5 }];
  });
}

function judgeSlow(scene: SceneFigures): Target {
  return atLeast(
    'delivery efficiency at 1 s per operation with ten connections: at least 0.97',
    efficiency(scene),
    0.97,
  );
}

/** Our faster lane compared with each way, in the same span: from the first request to the last reply that was accounted for. */
function judgeOthers({ profiles, operationMs, ways, ours }: OtherFigures): Target[] {
  const best = Math.max(0, ...ours.map(({ first }) => first.sent / first.deliverSeconds));
  const pace = operationMs === 0 ? 'without delay' : `${operationMs} ms per operation`;
  return ways.map(({ way, rows, seconds: taken }) => {
    const times = best / (rows / taken);
    const target = `${count(profiles)} profiles, ${pace}: more contacts/s than: ${way}`;
    return { target, found: `${ratio(times)} times`, isReached: times > 1 };
  });
}
