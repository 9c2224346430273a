import { startDevServer } from '../../src/dev/dev-server';

/** Starts a dev server and prints its pid. Runs until it is killed; with the argument `end`, ends immediately. */
async function main(): Promise<void> {
  const [binary, then] = process.argv.slice(3);
  const server = await startDevServer({ binary: binary!, headless: true });
  process.stdout.write(`${server.pid}\n`);
  if (then !== 'end') setInterval(() => undefined, 60_000);
}

void main();
