import { main } from '../../src/cli/main';
import { processTerminal } from '../../src/cli/shell/terminal';

/** Runs a command line and prints, after a line of dashes, which modules that took: node run-ts.cjs print-modules.ts ARGS */
async function printModules(): Promise<void> {
  const code = await main(process.argv.slice(3), processTerminal());
  process.stdout.write(`---\n${JSON.stringify({ code, modules: Object.keys(require.cache) })}\n`);
  process.exit();
}

void printModules();
