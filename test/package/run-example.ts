import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EXAMPLE_AUDIENCE, startExample } from '../support/examples';
import type { Project } from './project';

export interface ExampleResult {
  readonly outcomes: Record<string, number>;
  /** Members of the sandbox by tag. */
  readonly tags: Record<string, number>;
}

/** Runs the package's example, a host's worker with the plugin and a script that exports, in a project, with that Node. */
export async function runExample({ folder }: Project, node = process.execPath): Promise<ExampleResult> {
  const example = await startExample({ folder: join(folder, 'examples/esm'), node });
  try {
    const { stdout } = await example.run('export.js');
    return { outcomes: JSON.parse(stdout), tags: example.sandbox.state(EXAMPLE_AUDIENCE).tags };
  } finally {
    await example.close();
    // The store remembers whose the audience is, and the next run has another destination.
    await rm(example.env['STAGING_FOLDER']!, { recursive: true });
  }
}
