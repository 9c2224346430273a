import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { destinationWorkflowId } from '../../src/contract/identifiers';
import { until } from '../support/until';
import type { Scene } from './scene';

/** Every file and folder below a folder, with its time and content: equal when nothing was written. */
export async function treeOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = ['.', ...(await readdir(folder, { recursive: true }))].toSorted();
  const entries = names.map(async (name) => {
    const path = join(folder, name);
    const found = await stat(path);
    const content = found.isFile() ? await readFile(path, 'base64') : '';
    return [name, `${found.mtimeMs} ${found.ctimeMs} ${found.mode} ${content}`] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The staging store once no step writes into it: after an export has ended, the destination still tidies. */
export async function storeAtRest(scene: Scene): Promise<Readonly<Record<string, string>>> {
  const destination = scene.temporal.workflow.getHandle(destinationWorkflowId(scene.destinationId));
  await until(async () => {
    const { raw } = await destination.describe();
    return (raw.pendingActivities?.length ?? 0) === 0 && !raw.pendingWorkflowTask;
  });
  return treeOf(join(scene.folder, 'staging'));
}
