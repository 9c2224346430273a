import type * as PlotModule from '@observablehq/plot';
import { OUTCOMES, type Outcome } from '../../../contract/outcome';
import type { ExportReport, SegmentReport } from '../../../contract/report';
import { TIMELINE_STATES, type Timeline, type TimelineState } from '../../../contract/timeline';
import { count } from '../../../text/format';
import { Html } from './html';
import type { Drawing, DrawnElement } from './load-plot';
import { ratesOf, spansOf } from './rates';

/** A picture, with what its colours mean. */
export interface Chart {
  readonly svg: Html;
  readonly legend: readonly { readonly label: string; readonly colour: string }[];
}

interface Described {
  /** For those who cannot see it. */
  readonly title: string;
  readonly description: string;
}

type PlotOptions = PlotModule.PlotOptions;

/** Names that are longer are cut: the table below a chart has them complete. */
const LONGEST_NAME = 32;
const WIDTH = 860;

/** Colours of the style sheet, which has them for light and dark. */
const OUTCOME_COLOUR: Readonly<Record<Outcome, string>> = {
  created: 'var(--green)',
  updated: 'var(--blue)',
  unchanged: 'var(--grey)',
  removed: 'var(--teal)',
  archived: 'var(--slate)',
  invalid: 'var(--orange)',
  duplicate: 'var(--brown)',
  suppressed: 'var(--violet)',
  throttled: 'var(--yellow)',
  rejected: 'var(--red)',
  unproven: 'var(--pink)',
  not_sent: 'var(--dim)',
};

const STATE_COLOUR: Readonly<Record<TimelineState, string>> = {
  preparing: 'var(--grey)',
  sending: 'var(--blue)',
  provider: 'var(--violet)',
  waiting: 'var(--orange)',
  stopped: 'var(--red)',
  paused: 'var(--yellow)',
  held: 'var(--pink)',
  settling: 'var(--dim)',
};

function colourOf(outcome: Outcome): string {
  return OUTCOME_COLOUR[outcome];
}

/** One bar of all outcomes. */
export function outcomeChart(drawing: Drawing, { outcomes }: ExportReport): Chart | undefined {
  const found = OUTCOMES.filter((outcome) => outcomes[outcome] > 0);
  if (found.length === 0) return undefined;
  const data = found.map((outcome) => ({ profiles: outcomes[outcome], colour: colourOf(outcome) }));
  const svg = draw(
    drawing,
    {
      title: 'Outcomes',
      description: found.map((outcome) => `${outcome}: ${count(outcomes[outcome])}`).join(', '),
    },
    {
      height: 104,
      x: { label: 'profiles', labelOffset: 40, tickFormat: count, ticks: 5 },
      marks: [drawing.Plot.barX(data, { x: 'profiles', fill: 'colour', inset: 0.5, order: null })],
    },
  );
  return { svg, legend: found.map((outcome) => ({ label: outcome, colour: colourOf(outcome) })) };
}

const INTERVALS = 90;

/** The rate as bars, in front of what the export did or waited for. */
export function rateChart({ Plot, document }: Drawing, timeline: Timeline): Chart | undefined {
  const rates = ratesOf(timeline, INTERVALS);
  if (rates.length === 0) return undefined;
  const { unit, ms } = unitOf(rates.at(-1)!.to);
  const most = Math.max(...rates.map(({ perSecond }) => perSecond));
  // Room for what it waited for, also where nothing was sent.
  const top = most === 0 ? 1 : most * 1.05;
  const spans = spansOf(timeline).map(({ from, to, state }) => ({
    from: from / ms,
    to: to / ms,
    colour: STATE_COLOUR[state],
  }));
  const bars = rates.map(({ from, to, perSecond }) => ({ from: from / ms, to: to / ms, perSecond }));
  const states = TIMELINE_STATES.filter((state) => timeline.took[state] !== undefined);
  const svg = draw(
    { Plot, document },
    {
      title: 'Rate over time',
      description: `At most ${count(Math.round(most))} changes in a second; behind it, what the export did or waited for: ${states.join(', ')}`,
    },
    {
      height: 260,
      x: { label: `${unit} since the start`, labelOffset: 40, domain: [0, rates.at(-1)!.to / ms] },
      y: { label: 'changes in a second', domain: [0, top], grid: true, tickFormat: rateLabel, ticks: 5 },
      marks: [
        Plot.rect(spans, { x1: 'from', x2: 'to', y1: 0, y2: top, fill: 'colour', fillOpacity: 0.28 }),
        Plot.rect(bars, {
          x1: 'from',
          x2: 'to',
          y1: 0,
          y2: 'perSecond',
          fill: 'var(--ink)',
          insetRight: 0.5,
        }),
        Plot.ruleY([0], { stroke: 'currentColor' }),
      ],
    },
  );
  return {
    svg,
    legend: [
      { label: 'rate', colour: 'var(--ink)' },
      ...states.map((state) => ({ label: state, colour: STATE_COLOUR[state] })),
    ],
  };
}

function rateLabel(value: number): string {
  return value >= 10 || Number.isInteger(value) ? count(Math.round(value)) : value.toFixed(1);
}

function unitOf(wholeMs: number): { readonly unit: string; readonly ms: number } {
  if (wholeMs < 180_000) return { unit: 'seconds', ms: 1000 };
  return wholeMs < 180 * 60_000 ? { unit: 'minutes', ms: 60_000 } : { unit: 'hours', ms: 3_600_000 };
}

const SEGMENT_NUMBERS = ['tagged', 'untagged', 'failed'] as const;
const SEGMENT_COLOUR = {
  tagged: 'var(--green)',
  untagged: 'var(--teal)',
  failed: 'var(--red)',
} as const satisfies Record<(typeof SEGMENT_NUMBERS)[number], string>;

/** Segments that a chart has room for. */
const MOST_SEGMENTS = 20;

function changes({ tagged, untagged, failed }: SegmentReport): number {
  return tagged + untagged + failed;
}

/** What changed in each segment; the table has those that have no room. */
export function segmentChart(drawing: Drawing, { segments }: ExportReport): Chart | undefined {
  const shown = segments
    .filter((segment) => changes(segment) > 0)
    .toSorted((one, other) => changes(other) - changes(one))
    .slice(0, MOST_SEGMENTS);
  if (shown.length === 0) return undefined;
  const data = shown.flatMap((segment, place) =>
    SEGMENT_NUMBERS.map((what) => ({ place, contacts: segment[what], colour: SEGMENT_COLOUR[what] })),
  );
  return {
    svg: bars(drawing, {
      title: 'Changes in each segment',
      names: shown.map(({ name }) => name),
      data,
      label: 'contacts',
    }),
    legend: SEGMENT_NUMBERS.map((what) => ({ label: what, colour: SEGMENT_COLOUR[what] })),
  };
}

export interface RejectCount {
  readonly name: string;
  readonly outcome: Outcome;
  readonly count: number;
}

/** Refusals and invalid profiles, by their reason. */
export function rejectChart(drawing: Drawing, rejects: readonly RejectCount[]): Chart | undefined {
  const shown = rejects.toSorted((one, other) => other.count - one.count).slice(0, MOST_SEGMENTS);
  if (shown.length === 0) return undefined;
  return {
    svg: bars(drawing, {
      title: 'Not exported, by reason',
      names: shown.map(({ name }) => name),
      data: shown.map(({ outcome, count: contacts }, place) => ({
        place,
        contacts,
        colour: colourOf(outcome),
      })),
      label: 'profiles',
    }),
    legend: [...new Set(shown.map(({ outcome }) => outcome))].map((outcome) => ({
      label: outcome,
      colour: colourOf(outcome),
    })),
  };
}

interface Bars {
  readonly title: string;
  readonly names: readonly string[];
  readonly data: readonly { readonly place: number; readonly contacts: number; readonly colour: string }[];
  readonly label: string;
}

/** Horizontal bars, one for each name. By place, since two names may be equal once they are cut. */
function bars(drawing: Drawing, { title, names, data, label }: Bars): Html {
  const short = names.map((name) => cut(name));
  const sums = names.map((_, place) =>
    data.reduce((sum, one) => (one.place === place ? sum + one.contacts : sum), 0),
  );
  return draw(
    drawing,
    { title, description: names.map((name, place) => `${name}: ${count(sums[place]!)}`).join(', ') },
    {
      height: 76 + 26 * names.length,
      marginLeft: 16 + 7 * Math.max(...short.map(({ length }) => length)),
      x: { label, labelOffset: 40, tickFormat: wholeLabel, ticks: 5, grid: true },
      y: {
        label: null,
        domain: names.map((_, place) => place),
        tickFormat: (place: number) => short[place] ?? '',
      },
      marks: [
        drawing.Plot.barX(data, { x: 'contacts', y: 'place', fill: 'colour', order: null }),
        drawing.Plot.ruleX([0], { stroke: 'currentColor' }),
      ],
    },
  );
}

/** Fractions of a contact are no contacts. */
function wholeLabel(value: number): string {
  return Number.isInteger(value) ? count(value) : '';
}

function cut(name: string): string {
  // oxlint-disable-next-line no-misused-spread -- what is cut is shown with an ellipsis, and complete in the table
  const letters = [...name];
  return letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME - 1).join('')}…` : name;
}

function draw({ Plot, document }: Drawing, { title, description }: Described, options: PlotOptions): Html {
  const svg: DrawnElement = Plot.plot({
    document,
    width: WIDTH,
    className: 'chart',
    marginBottom: 44,
    style: { fontSize: '12px' },
    // Colours are given as they are.
    color: { type: 'identity' },
    ...options,
  });
  svg.setAttribute('role', 'img');
  svg.prepend(element(document, 'title', title), element(document, 'desc', description));
  return new Html(svg.outerHTML);
}

function element(document: Drawing['document'], name: string, text: string): DrawnElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  made.textContent = text;
  return made;
}
