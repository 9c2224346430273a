import { startDevServer } from '../../src/dev/dev-server';

/** Starts a dev server, prints its pid and goes on for ever, or with `end` as argument ends at once. */
async function main(): Promise<void> {
  const [binary, then] = process.argv.slice(3);
  const server = await startDevServer({ binary: binary!, headless: true });
  process.stdout.write(`${server.pid}\n`);
  if (then !== 'end') setInterval(() => undefined, 60_000);
}

void main();
