import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Puts all temporary files of this process and its children into one folder and deletes it at exit, also at Ctrl-C: it grows to gigabytes. */
export function useTemporaryFolder(): void {
  const folder = mkdtempSync(join(tmpdir(), 'temporal-mailchimp-bench-'));
  process.env['TMPDIR'] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}
