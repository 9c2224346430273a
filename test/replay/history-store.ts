import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recording } from './recording';

/**
 * Recorded histories, a folder for each released version. Exports of a released version may still run when a newer worker
 * takes over, so its histories are kept permanently: folders are added, never changed.
 */
export class HistoryStore {
  readonly #folder: string;

  constructor(folder = join(__dirname, 'histories')) {
    this.#folder = folder;
  }

  versions(): string[] {
    return readdirSync(this.#folder).toSorted();
  }

  /** Names without extension. */
  names(version: string): string[] {
    const folder = join(this.#folder, version);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .map((file) => file.replace(/\.json$/, ''))
      .toSorted();
  }

  readText(version: string, name: string): string {
    return readFileSync(join(this.#folder, version, `${name}.json`), 'utf8');
  }

  /** @throws Error where the version has histories already */
  refuseRecorded(version: string): void {
    if (!existsSync(join(this.#folder, version))) return;
    throw new Error(
      `Histories of ${version} are recorded already, and recorded histories are never replaced. Bump the version first: ` +
        `\`npm version --no-git-tag-version minor\`, the same version in src/contract/version.ts, then \`npm run record-histories\`.`,
    );
  }

  /** @throws Error where the version has histories already */
  add(version: string, recording: Recording): void {
    this.refuseRecorded(version);
    const folder = join(this.#folder, version);
    mkdirSync(folder, { recursive: true });
    for (const [name, history] of Object.entries(recording)) {
      const file = join(folder, `${name}.json`);
      writeFileSync(file, `${JSON.stringify(history, null, 1)}\n`, { flag: 'wx' });
    }
  }
}
