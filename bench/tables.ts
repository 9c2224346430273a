import type { ExportFigures, Figures, OtherFigures, SceneFigures, SizeFigures } from './figures';
import { bytes, count, ratio, seconds, share } from './numbers';

type Row = readonly string[];

/** All figures as Markdown tables, which are also readable in a terminal. */
export function describeFigures({ sizes, slow, others }: Figures): string {
  return [
    '### 1. Prepare\n',
    table(
      ['profiles', 'seconds', 'rows/s', 'floor: bare SQL', 'ratio'],
      sizes.map((size) => prepareRow(size)),
    ),
    '\n### 2. Deliver, without delay at the provider\n',
    table(
      ['profiles', 'lane', 'replies', 'contacts sent', 'seconds', 'contacts/s'],
      sizes.flatMap(({ profiles, scenes }) =>
        scenes.filter(isUnpaced).map((scene) => deliverRow(profiles, scene)),
      ),
    ),
    '\n### 3. Delivery efficiency\n',
    table(
      [
        'profiles',
        'lane',
        'an operation',
        'operations',
        'parallelism',
        'connections used',
        'minimum',
        'seconds',
        'efficiency',
      ],
      [
        ...sizes.flatMap(({ profiles, scenes }) =>
          scenes.filter((scene) => !isUnpaced(scene)).map((scene) => efficiencyRow(profiles, scene)),
        ),
        ...slow.map(({ profiles, scene }) => efficiencyRow(profiles, scene)),
      ],
    ),
    '\n### 4. Refresh\n',
    table(
      ['profiles', 'lane', 'export', 'seconds', 'of the first', 'census', 'reads', 'writes', 'of the first'],
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

/** The scene with all exports: batch lane, lean replies, no delay. */
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

/** The minimum number of seconds that the provider needs. */
function necessarySeconds({ first, operationMs, parallelism }: SceneFigures): number {
  return (first.provider.rowWrites * operationMs) / 1000 / parallelism;
}

export const efficiency = (scene: SceneFigures): number =>
  necessarySeconds(scene) / scene.first.deliverSeconds;

function efficiencyRow(profiles: number, scene: SceneFigures): Row {
  const { lane, operationMs, parallelism, first } = scene;
  return [
    count(profiles),
    lane,
    `${count(operationMs)} ms`,
    count(first.provider.rowWrites),
    count(parallelism),
    count(first.provider.maxConnections),
    seconds(necessarySeconds(scene)),
    seconds(first.deliverSeconds),
    ratio(efficiency(scene)),
  ];
}

function refreshRows({ profiles, scenes }: SizeFigures): Row[] {
  return scenes.flatMap(({ lane, first, unchanged, changed }) => {
    if (!unchanged || !changed) return [];
    const row = (name: string, figures: ExportFigures): Row => [
      count(profiles),
      lane,
      name,
      seconds(figures.seconds),
      share(figures.seconds / first.seconds),
      figures.censusSeconds > 0 ? seconds(figures.censusSeconds) : '–',
      count(figures.provider.reads),
      count(figures.provider.writes),
      share(figures.provider.writes / first.provider.writes),
    ];
    return [row('first', first), row('no change', unchanged), row('1 % changed', changed)];
  });
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
  const pace = operationMs === 0 ? 'without delay' : `${operationMs} ms per operation`;
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
  return `\n### 6. Other tools: ${count(profiles)} profiles, ${pace} at the provider\n\n${rows}`;
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
  rows.length > 0 && rows.every((row) => /^(–|[\d.,]+( ([KMG]B|m?s|%|times))?)$/.test(row[column] ?? ''));
