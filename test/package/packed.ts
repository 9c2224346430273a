import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const ROOT = resolve(__dirname, '../..');

export interface Packed {
  /** The file that `npm publish` would upload. */
  readonly tarball: string;
  /** Paths in the package. */
  readonly files: readonly string[];
  /** Bytes on disk when installed. */
  readonly unpackedSize: number;
  remove(): Promise<void>;
}

/** Packs what the build has made. */
export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'packed-'));
  // The test run has built the package, and another build would delete it under the tests of other processes.
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
  const [{ filename, files, unpackedSize }] = JSON.parse(stdout) as [
    { filename: string; files: { path: string }[]; unpackedSize: number },
  ];
  return {
    tarball: join(folder, filename),
    files: files.map(({ path }) => path),
    unpackedSize,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
