import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

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
