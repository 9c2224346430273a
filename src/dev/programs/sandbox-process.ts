import { startSandbox, type SandboxOptions } from '../../sandbox';

/** Runs the sandbox in its own process: `node sandbox-process.js OPTIONS_AS_JSON`. Prints its URL and API key when it is ready. */
async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as SandboxOptions;
  const { url, apiKey } = await startSandbox(options);
  process.stdout.write(`ready ${JSON.stringify({ url, apiKey })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
