import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

export interface HostProject {
  /** Absolute path of one of its files. */
  readonly path: (file: string) => string;
  close(): Promise<void>;
}

export interface HostProjectOptions {
  /** Text by file name. */
  readonly files: Readonly<Record<string, string>>;
  /** Stands in for the installed package: text by file name. @default the real one, as it was built */
  readonly installed?: Readonly<Record<string, string>>;
}

/** A project as a user has it: outside of ours, with this package among its node_modules. */
export async function makeHostProject({ files, installed }: HostProjectOptions): Promise<HostProject> {
  const folder = await mkdtemp(join(tmpdir(), 'host-'));
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  for (const scope of ['@duckdb', '@opentelemetry', '@temporalio', '@types', 'nexus-rpc'])
    await symlink(join(ROOT, 'node_modules', scope), join(modules, scope));
  if (installed) await write(join(modules, 'temporal-mailchimp'), installed);
  else await symlink(ROOT, join(modules, 'temporal-mailchimp'));
  await write(folder, files);
  return {
    path: (file) => join(folder, file),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
