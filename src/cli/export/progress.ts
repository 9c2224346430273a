import { SingleBar } from 'cli-progress';
import type { ExportView } from '../../contract/export';
import { progressOf, type Progress } from '../../text/progress';
import type { Terminal } from '../shell/terminal';
import { count, duration } from '../../text/format';
import { describeState } from '../../text/describe-export';
import { tonedState } from '../text/tones';

/** Shows on standard error how far an export is. */
export interface ProgressDisplay {
  readonly update: (view: ExportView) => void;
  /** Prints a separate line, such as that no worker answers. The same line is not repeated. */
  readonly say: (line: string) => void;
  /** Fills the bar: a short export ends before its last update. */
  readonly finish: () => void;
  readonly close: () => void;
}

const LINE_INTERVAL_MS = 5_000;

export function createProgress(terminal: Terminal): ProgressDisplay {
  return terminal.canRedraw ? barProgress(terminal) : lineProgress(terminal);
}

/** For logs: a line at each change of state, and every 5 s while changes are being sent. */
function lineProgress(terminal: Terminal): ProgressDisplay {
  const pace = createPace();
  let lastState = '';
  let lastLine = '';
  let at = 0;
  const print = (state: string, line: string) => {
    if (line === lastLine || (state === lastState && Date.now() - at < LINE_INTERVAL_MS)) return;
    [lastState, lastLine, at] = [state, line, Date.now()];
    terminal.err(line);
  };
  return {
    update: (view) => {
      const state = describeState(view);
      const progress = deliveryOf(view);
      const line = progress ? `${state}: ${describeProgress(progress, pace.measure(progress))}` : state;
      print(state, tonedState(terminal.page('err'), view, line));
    },
    say: (line) => print(line, line),
    finish: () => undefined,
    close: () => undefined,
  };
}

/** For terminals: states as lines, with a bar below them while changes are being sent. */
function barProgress(terminal: Terminal): ProgressDisplay {
  const pace = createPace();
  let bar: SingleBar | undefined;
  let last = '';
  const close = () => {
    bar?.stop();
    bar = undefined;
  };
  const finish = () => {
    const total = bar?.getTotal() ?? 0;
    bar?.update(total, { text: describeProgress({ done: total, total }, undefined) });
    close();
  };
  const say = (line: string) => {
    if (line === last) return;
    last = line;
    close();
    terminal.err(line);
  };
  /** Delivery has ended since the last update: the bar that stays on the screen has to say how far it came. */
  const leaveDelivery = (view: ExportView) => {
    const reached = progressOf(view);
    if (reached) bar?.update(reached.done, { text: describeProgress(reached, undefined) });
  };
  return {
    update: (view) => {
      if (view.phase !== 'delivering') leaveDelivery(view);
      say(tonedState(terminal.page('err'), view, describeState(view, { layout: 'in lines' })));
      const progress = deliveryOf(view);
      if (!progress) return close();
      const text = { text: describeProgress(progress, pace.measure(progress)) };
      if (bar) bar.update(progress.done, text);
      else (bar = startBar(terminal)).start(progress.total, progress.done, text);
    },
    say,
    finish,
    close,
  };
}

/** Of the text beside the bar, with a million changes. */
const TEXT_COLUMNS = 70;

function startBar({ stderr, page }: Terminal): SingleBar {
  const room = (page('err').columns ?? Infinity) - TEXT_COLUMNS;
  return new SingleBar({
    format: '  [{bar}] {percentage}% {text}',
    stream: stderr,
    barsize: Math.max(5, Math.min(30, room)),
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    hideCursor: true,
    // The command handles signals itself: it must print that the export continues.
    gracefulExit: false,
  });
}

function deliveryOf(view: ExportView): Progress | undefined {
  const progress = progressOf(view);
  return view.phase === 'delivering' && progress && progress.total > 0 ? progress : undefined;
}

function describeProgress({ done, total }: Progress, perSecond: number | undefined): string {
  const changes = `${count(done)} of ${count(total)} changes`;
  if (perSecond === undefined || done >= total) return changes;
  const left = duration(Math.ceil((total - done) / perSecond) * 1000);
  return `${changes}, ${count(Math.round(perSecond))}/s, about ${left} left`;
}

/** Batches finish in bursts: over a shorter window the rate would jump between zero and its peak. */
const RATE_WINDOW_MS = 60_000;

export interface Pace {
  /** Changes per second within the last minute; undefined before the first are done. `at`: unix milliseconds. */
  readonly measure: (progress: Progress, at?: number) => number | undefined;
}

export function createPace(): Pace {
  const seen: { done: number; at: number }[] = [];
  return {
    measure: ({ done }, at = Date.now()) => {
      seen.push({ done, at });
      while (seen.length > 2 && seen[1]!.at <= at - RATE_WINDOW_MS) seen.shift();
      const first = seen[0]!;
      if (done <= first.done || at <= first.at) return undefined;
      return ((done - first.done) * 1000) / (at - first.at);
    },
  };
}
