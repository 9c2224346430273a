import { createWorker } from '../../worker';
import { loadConfig } from '../../config/config-file';

/** Runs a worker in its own process, as in production: `node worker-process.js CONFIG`. Prints its peak memory when it ends. */
async function main(): Promise<void> {
  const { config, baseFolder } = await loadConfig(process.argv[2]);
  const worker = await createWorker(config, baseFolder);
  process.stdout.write('ready\n');
  await worker.run();
  // maxRSS is in kilobytes on every platform.
  process.stdout.write(`peakRssBytes ${process.resourceUsage().maxRSS * 1024}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
