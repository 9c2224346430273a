import type { ExportFigures, Figures, OtherFigures, SceneFigures, SizeFigures } from './figures';
import { bytes, count, ratio, seconds, share } from './numbers';

type Row = readonly string[];

/** All figures as Markdown tables, which read well in a terminal too. */
export function describeFigures({ sizes, others }: Figures): string {
  return [
    '### 1. Prepare\n',
    table(
      ['profiles', 'seconds', 'rows/s', 'floor: bare SQL', 'ratio'],
      sizes.map((size) => prepareRow(size)),
    ),
    '\n### 2. Deliver, without delay at the provider\n',
    table(
      ['profiles', 'lane', 'replies', 'people sent', 'seconds', 'people/s'],
      sizes.flatMap(({ profiles, scenes }) =>
        scenes.filter(isUnpaced).map((scene) => deliverRow(profiles, scene)),
      ),
    ),
    '\n### 3. Delivery efficiency, 100 ms an operation\n',
    table(
      ['profiles', 'lane', 'operations', 'at once', 'connections seen', 'necessary', 'seconds', 'efficiency'],
      sizes.flatMap(({ profiles, scenes }) =>
        scenes.filter((scene) => !isUnpaced(scene)).map((scene) => efficiencyRow(profiles, scene)),
      ),
    ),
    '\n### 4. Refresh\n',
    table(
      ['profiles', 'export', 'seconds', 'of the first', 'census', 'reads', 'writes', 'of the first'],
      sizes.flatMap(refreshRows),
    ),
    '\n### 5. Cost\n',
    table(
      [
        'profiles',
        'export',
        'peak RSS',
        'preparing',
        'delivering',
        'settling',
        'runs',
        'events',
        'history',
        'activities',
        'actions',
      ],
      sizes.flatMap(({ profiles, scenes }) => scenes.map((scene) => costRow(profiles, scene))),
    ),
    '',
    table(
      ['profiles', 'export', 'requests', 'batches', 'operations', 'up', 'down', 'staging peak', 'after'],
      sizes.flatMap(({ profiles, scenes }) => scenes.map((scene) => trafficRow(profiles, scene))),
    ),
    ...others.map(describeOthers),
  ].join('\n');
}

export const isUnpaced = ({ operationMs }: SceneFigures): boolean => operationMs === 0;

/** The scene with everything in it: batch lane, lean replies, no delay. */
export function mainScene({ scenes }: SizeFigures): SceneFigures {
  const found = scenes.find((scene) => scene.unchanged);
  if (!found) throw new Error('no scene was refreshed');
  return found;
}

function prepareRow(size: SizeFigures): Row {
  const { prepareSeconds } = mainScene(size).first;
  return [
    count(size.profiles),
    seconds(prepareSeconds),
    count(size.profiles / prepareSeconds),
    seconds(size.floorSeconds),
    ratio(prepareSeconds / size.floorSeconds),
  ];
}

function deliverRow(profiles: number, { lane, replies, first }: SceneFigures): Row {
  const { sent, deliverSeconds } = first;
  return [count(profiles), lane, replies, count(sent), seconds(deliverSeconds), count(sent / deliverSeconds)];
}

/** Seconds that the provider needs at the least. */
function necessarySeconds({ first, operationMs, parallelism }: SceneFigures): number {
  return (first.provider.rowWrites * operationMs) / 1000 / parallelism;
}

export const efficiency = (scene: SceneFigures): number =>
  necessarySeconds(scene) / scene.first.deliverSeconds;

function efficiencyRow(profiles: number, scene: SceneFigures): Row {
  const { lane, parallelism, first } = scene;
  return [
    count(profiles),
    lane,
    count(first.provider.rowWrites),
    count(parallelism),
    count(first.provider.maxConnections),
    seconds(necessarySeconds(scene)),
    seconds(first.deliverSeconds),
    ratio(efficiency(scene)),
  ];
}

function refreshRows(size: SizeFigures): Row[] {
  const { first, unchanged, changed } = mainScene(size);
  const row = (name: string, figures: ExportFigures): Row => [
    count(size.profiles),
    name,
    seconds(figures.seconds),
    share(figures.seconds / first.seconds),
    figures.censusSeconds > 0 ? seconds(figures.censusSeconds) : '–',
    count(figures.provider.reads),
    count(figures.provider.writes),
    share(figures.provider.writes / first.provider.writes),
  ];
  return [
    row('first', first),
    ...(unchanged ? [row('no change', unchanged)] : []),
    ...(changed ? [row('1 % changed', changed)] : []),
  ];
}

const nameOf = ({ lane, replies, operationMs }: SceneFigures): string =>
  [lane, replies, ...(operationMs > 0 ? [`${operationMs} ms`] : [])].join(', ');

function costRow(profiles: number, scene: SceneFigures): Row {
  const { history, prepareRss, deliverRss, settleRss } = scene.first;
  return [
    count(profiles),
    nameOf(scene),
    bytes(scene.peakRss),
    bytes(prepareRss),
    bytes(deliverRss),
    bytes(settleRss),
    count(history.runs),
    count(history.events),
    bytes(history.bytes),
    count(history.activities),
    count(history.actions),
  ];
}

function trafficRow(profiles: number, scene: SceneFigures): Row {
  const { provider, stagingPeak, stagingAfter } = scene.first;
  return [
    count(profiles),
    nameOf(scene),
    count(provider.requests),
    count(provider.batches),
    count(provider.writes),
    bytes(provider.bytesUp),
    bytes(provider.bytesDown),
    bytes(stagingPeak),
    bytes(stagingAfter),
  ];
}

function describeOthers({ profiles, operationMs, ways, ours }: OtherFigures): string {
  const pace = operationMs === 0 ? 'without delay' : `${operationMs} ms an operation`;
  const theirs = ways.map((way) => [
    way.way,
    count(way.rows),
    seconds(way.seconds),
    count(way.rows / way.seconds),
    count(way.requests),
    count(way.operations),
    count(way.refused),
    count(way.noticed),
  ]);
  const own = ours.map(({ lane, first }) => [
    `temporal-mailchimp, lane ${lane}`,
    count(first.sent),
    seconds(first.deliverSeconds),
    count(first.sent / first.deliverSeconds),
    count(first.provider.requests),
    count(first.provider.writes),
    '0',
    `before sending: ${count(first.invalid)} invalid, ${count(first.duplicate)} duplicates, each with its reason`,
  ]);
  const rows = table(
    ['way', 'rows sent', 'seconds', 'rows/s', 'requests', 'operations', 'refused', 'noticed'],
    [...theirs, ...own],
  );
  return `\n### 6. What others do: ${count(profiles)} profiles, ${pace} at the provider\n\n${rows}`;
}

/** Columns of numbers are aligned to the right. */
export function table(head: Row, rows: readonly Row[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: Row): string =>
    `| ${cells.map((cell, column) => (isNumber(rows, column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    isNumber(rows, column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

const isNumber = (rows: readonly Row[], column: number): boolean =>
  rows.length > 0 && rows.every((row) => /^(–|[\d.,]+( ([KMG]B|s|%|times))?)$/.test(row[column] ?? ''));
