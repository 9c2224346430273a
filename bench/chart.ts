import type { Figures, SizeFigures } from './figures';
import { mainScene } from './tables';

interface Series {
  readonly name: string;
  readonly color: string;
  /** Number of profiles and their cost. */
  readonly points: readonly (readonly [number, number])[];
}

interface Panel {
  readonly title: string;
  readonly left: number;
  readonly series: readonly Series[];
}

const WIDTH = 380;
const HEIGHT = 300;
const TOP = 50;

/** Cost against size, both on logarithmic scales: seconds, and write operations at Mailchimp. */
export function drawChart({ sizes }: Figures): string {
  const panels: Panel[] = [
    { title: 'Seconds', left: 60, series: secondSeries(sizes) },
    { title: 'Write operations at Mailchimp', left: 60 + WIDTH + 100, series: writeSeries(sizes) },
  ];
  const height = TOP + HEIGHT + 120;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="970" height="${height}" viewBox="0 0 970 ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="970" height="${height}" fill="#ffffff"/>`,
    ...panels.map(drawPanel),
    '</svg>',
    '',
  ].join('\n');
}

function secondSeries(sizes: readonly SizeFigures[]): Series[] {
  const of = (cost: (size: SizeFigures) => number | undefined) => pointsOf(sizes, cost);
  return [
    { name: 'first export', color: '#1f77b4', points: of((size) => mainScene(size).first.seconds) },
    { name: 'after 1 % changed', color: '#ff7f0e', points: of((size) => mainScene(size).changed?.seconds) },
    { name: 'after no change', color: '#2ca02c', points: of((size) => mainScene(size).unchanged?.seconds) },
    { name: 'prepare', color: '#9467bd', points: of((size) => mainScene(size).first.prepareSeconds) },
    { name: 'prepare as bare SQL', color: '#7f7f7f', points: of(({ floorSeconds }) => floorSeconds) },
  ];
}

function writeSeries(sizes: readonly SizeFigures[]): Series[] {
  const of = (cost: (size: SizeFigures) => number | undefined) => pointsOf(sizes, cost);
  return [
    { name: 'one request per contact', color: '#7f7f7f', points: of((size) => mainScene(size).first.sent) },
    { name: 'first export', color: '#1f77b4', points: of((size) => mainScene(size).first.provider.writes) },
    {
      name: 'after 1 % changed',
      color: '#ff7f0e',
      points: of((size) => mainScene(size).changed?.provider.writes),
    },
  ];
}

function pointsOf(
  sizes: readonly SizeFigures[],
  cost: (size: SizeFigures) => number | undefined,
): Series['points'] {
  return sizes.flatMap((size) => {
    const value = cost(size);
    // Zero has no logarithm.
    return value === undefined || value <= 0 ? [] : [[size.profiles, value] as const];
  });
}

function drawPanel({ title, left, series }: Panel): string {
  const points = series.flatMap((one) => one.points);
  const x = scaleOf(
    points.map(([profiles]) => profiles),
    { from: left, to: left + WIDTH },
  );
  const y = scaleOf(
    points.map(([, cost]) => cost),
    { from: TOP + HEIGHT, to: TOP },
  );
  return [
    `<text x="${left}" y="${TOP - 20}" font-size="15">${title}</text>`,
    ...x.ticks.map((tick) => verticalLine(x.place(tick), tick)),
    ...y.ticks.map((tick) => horizontalLine(left, y.place(tick), tick)),
    `<text x="${left + WIDTH / 2}" y="${TOP + HEIGHT + 36}" text-anchor="middle">profiles</text>`,
    ...series.map((one, index) =>
      drawSeries(one, { x: x.place, y: y.place, legend: legendPlace(left, index) }),
    ),
  ].join('\n');
}

interface Scale {
  readonly ticks: readonly number[];
  readonly place: (value: number) => number;
}

/** Whole powers of ten around the values. */
function scaleOf(
  values: readonly number[],
  { from, to }: { readonly from: number; readonly to: number },
): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const place = (value: number): number =>
    Math.round(10 * (from + ((Math.log10(value) - low) / (high - low)) * (to - from))) / 10;
  return { place, ticks: Array.from({ length: high - low + 1 }, (_, power) => 10 ** (low + power)) };
}

const verticalLine = (x: number, tick: number): string =>
  `<line x1="${x}" y1="${TOP}" x2="${x}" y2="${TOP + HEIGHT}" stroke="#dddddd"/>` +
  `<text x="${x}" y="${TOP + HEIGHT + 18}" text-anchor="middle">${tick.toLocaleString('en-US')}</text>`;

const horizontalLine = (left: number, y: number, tick: number): string =>
  `<line x1="${left}" y1="${y}" x2="${left + WIDTH}" y2="${y}" stroke="#dddddd"/>` +
  `<text x="${left - 8}" y="${y + 4}" text-anchor="end">${tick.toLocaleString('en-US')}</text>`;

const legendPlace = (left: number, index: number): readonly [number, number] => [
  left + (index % 2) * 190,
  TOP + HEIGHT + 62 + 18 * Math.floor(index / 2),
];

function drawSeries(
  { name, color, points }: Series,
  {
    x,
    y,
    legend: [legendX, legendY],
  }: { readonly x: Scale['place']; readonly y: Scale['place']; readonly legend: readonly [number, number] },
): string {
  const path = points.map(([profiles, cost]) => `${x(profiles)},${y(cost)}`).join(' ');
  const dots = points.map(
    ([profiles, cost]) => `<circle cx="${x(profiles)}" cy="${y(cost)}" r="3" fill="${color}"/>`,
  );
  return [
    `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
    ...dots,
    `<line x1="${legendX}" y1="${legendY - 4}" x2="${legendX + 20}" y2="${legendY - 4}" stroke="${color}" stroke-width="3"/>`,
    `<text x="${legendX + 26}" y="${legendY}">${name}</text>`,
  ].join('\n');
}
