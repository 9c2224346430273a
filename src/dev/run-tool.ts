import { type Command, spawnOwned } from './owned-process';

const REPORT_INTERVAL_MS = 30_000;

export interface ToolRun extends Command {
  readonly timeoutMs: number;
  readonly report: Report;
}

/** Runs a command to its end and reports every 30 s that it still runs. Rejects with its last output unless it exits with 0. */
export async function runTool(options: ToolRun): Promise<void> {
  const started = Date.now();
  const tool = await spawnOwned(options);
  let timedOut = false;
  const timeout = setTimeout(() => {
    timedOut = true;
    void tool.stop();
  }, options.timeoutMs);
  const reporting = setInterval(
    () => options.report(`  … still running after ${seconds(started)}`),
    REPORT_INTERVAL_MS,
  );
  const end = await tool.ended;
  clearTimeout(timeout);
  clearInterval(reporting);
  if (timedOut)
    throw new Error(`it did not end within ${options.timeoutMs / 1000} s${lastLines(tool.output())}`);
  if (end !== 'exit code 0') throw new Error(end + lastLines(tool.output()));
}

export function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

function lastLines(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? '' : `: ${lines.slice(-3).join(' / ').slice(-600)}`;
}

/** Called with one line of progress: the current step, and how long it takes or took. */
export type Report = (message: string) => void;
