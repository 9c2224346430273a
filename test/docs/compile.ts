import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeHostProject } from '../plugin/host-project';
import { ROOT, type Example } from './examples-in-text';

const run = promisify(execFile);

/** What a reader has already when an example begins: what the text around it says, or what belongs to the reader. */
const AROUND = `
import type { Client as TemporalClient } from '@temporalio/client';
import type { MailchimpPluginOptions } from 'temporal-mailchimp';
import type { ExportClient as AnExportClient } from 'temporal-mailchimp/client';
import type { SecretResolverFixture, SegmentSourceFixture, SourceContent, StagingStoreFixture } from 'temporal-mailchimp/testing';

declare global {
  const accounts: MailchimpPluginOptions['accounts'];
  const sources: MailchimpPluginOptions['sources'];
  const client: TemporalClient;
  const exportClient: AnExportClient;
  const exportId: string;
  const openMySource: (content: SourceContent) => Promise<SegmentSourceFixture>;
  const openMyStore: () => Promise<StagingStoreFixture>;
  const openMyResolver: () => Promise<SecretResolverFixture>;
  function test(name: string, run: () => Promise<void>): void;
}
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    // Each example is a module, also one without an import.
    moduleDetection: 'force',
  },
  include: ['*.mts'],
};

/** Compiles examples as a project that has the built package installed. @returns what is wrong, with the place of each example */
export async function compile(examples: readonly Example[]): Promise<string[]> {
  const sources = examples.map(({ code }, index) => [`example-${index}.mts`, code] as const);
  const project = await makeHostProject({
    files: {
      'tsconfig.json': JSON.stringify(TSCONFIG),
      'around.mts': AROUND,
      ...Object.fromEntries(sources),
    },
  });
  try {
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project.path('.')], {
      cwd: project.path('.'),
    });
    return [];
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (!stdout) throw error;
    return stdout
      .split('\n')
      .filter((line) => /error TS\d+/.test(line))
      .map((line) => line.replace(/^example-(\d+)\.mts/, (_, index) => examples[Number(index)]!.where));
  } finally {
    await project.close();
  }
}
