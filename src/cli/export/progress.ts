import { SingleBar } from 'cli-progress';
import type { ExportView } from '../../contract/export';
import { progressOf, type Progress } from '../../text/progress';
import type { Terminal } from '../shell/terminal';
import { count, duration } from '../../text/format';
import { describeState } from '../../text/describe-export';

/** Tells on standard error where an export stands. */
export interface ProgressTeller {
  readonly update: (view: ExportView) => void;
  /** A line of its own, e.g. that no worker answers. Not repeated. */
  readonly say: (line: string) => void;
  /** Everything is through: a bar that had no time to move is filled. */
  readonly finish: () => void;
  readonly close: () => void;
}

const TELL_EVERY_MS = 5_000;

export function createProgress(terminal: Terminal): ProgressTeller {
  return terminal.isTty ? barProgress(terminal) : lineProgress(terminal);
}

/** For logs: a line at each change of state, and every few seconds while changes are answered. */
function lineProgress(terminal: Terminal): ProgressTeller {
  const pace = createPace();
  let last = '';
  let told = '';
  let at = 0;
  const tell = (state: string, line: string) => {
    if (line === told || (state === last && Date.now() - at < TELL_EVERY_MS)) return;
    [last, told, at] = [state, line, Date.now()];
    terminal.err(line);
  };
  return {
    update: (view) => {
      const state = describeState(view);
      const progress = deliveryOf(view);
      tell(state, progress ? `${state}: ${describeProgress(progress, pace.measure(progress))}` : state);
    },
    say: (line) => tell(line, line),
    finish: () => undefined,
    close: () => undefined,
  };
}

/** For people: states as lines, and a bar below them while changes are answered. */
function barProgress(terminal: Terminal): ProgressTeller {
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
  return {
    update: (view) => {
      say(describeState(view));
      const progress = deliveryOf(view);
      if (!progress) return close();
      const text = { text: describeProgress(progress, pace.measure(progress)) };
      if (bar) bar.update(progress.done, text);
      else (bar = startBar(terminal.stderr)).start(progress.total, progress.done, text);
    },
    say,
    finish,
    close,
  };
}

function startBar(stream: NodeJS.WritableStream): SingleBar {
  return new SingleBar({
    format: '  [{bar}] {percentage}% {text}',
    stream,
    barsize: 30,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    hideCursor: true,
    // Signals are ours: following ends, and says that the export goes on.
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
  return `${changes}, ${count(Math.round(perSecond))} a second, about ${left} left`;
}

/** Mailchimp answers in bursts: a shorter look would jump between nothing and everything. */
const LOOK_BACK_MS = 60_000;

export interface Pace {
  /** Changes a second of late; undefined until some were answered. `at`: milliseconds. */
  readonly measure: (progress: Progress, at?: number) => number | undefined;
}

export function createPace(): Pace {
  const seen: { done: number; at: number }[] = [];
  return {
    measure: ({ done }, at = Date.now()) => {
      seen.push({ done, at });
      while (seen.length > 2 && seen[1]!.at <= at - LOOK_BACK_MS) seen.shift();
      const first = seen[0]!;
      if (done <= first.done || at <= first.at) return undefined;
      return ((done - first.done) * 1000) / (at - first.at);
    },
  };
}
