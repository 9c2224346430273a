import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a shell script as an executable and returns its path. */
export function fakeExecutable(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
