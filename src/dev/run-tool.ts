import { type Command, spawnOwned } from './owned-process';

const TELL_EVERY_MS = 30_000;

export interface ToolRun extends Command {
  readonly timeoutMs: number;
  readonly report: Report;
}

/** Runs a command to its end, saying every 30 s that it still runs. Rejects with its last words unless it exits with 0. */
export async function runTool(options: ToolRun): Promise<void> {
  const started = Date.now();
  const tool = await spawnOwned(options);
  let late = false;
  const timeout = setTimeout(() => {
    late = true;
    void tool.stop();
  }, options.timeoutMs);
  const tell = setInterval(() => options.report(`  … still at it after ${seconds(started)}`), TELL_EVERY_MS);
  const end = await tool.ended;
  clearTimeout(timeout);
  clearInterval(tell);
  if (late) throw new Error(`not done after ${options.timeoutMs / 1000} s${lastWords(tool.output())}`);
  if (end !== 'exit code 0') throw new Error(end + lastWords(tool.output()));
}

export function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? '' : `: ${lines.slice(-3).join(' / ').slice(-600)}`;
}

/** Receives one line of progress for people: what is done now, how long it takes or took. */
export type Report = (message: string) => void;
