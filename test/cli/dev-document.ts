import { resolve } from 'node:path';
import type { SandboxDocument } from './begin';

export const CLI = resolve(__dirname, '../../dist/cli/main.js');

/** What `dev --json` prints when everything runs. */
export interface DevDocument {
  readonly isNew: boolean;
  readonly temporal: { readonly address: string; readonly uiUrl: string };
  readonly sandbox: SandboxDocument;
  readonly worker: { readonly taskQueue: string; readonly staging: string };
  readonly folder: string;
}

export function parseDocument(output: string): DevDocument | undefined {
  // Between progress and logs, which are on standard error.
  const [document] = /^\{$[^]*?^\}$/m.exec(output) ?? [];
  return document === undefined ? undefined : (JSON.parse(document) as DevDocument);
}
