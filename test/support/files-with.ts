import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openDatabase } from '../../src/duckdb/open';
import { quoteText } from '../../src/duckdb/quote';

/** The files of the store in which one of the texts is, in any case: their bytes, and the values of those that are compressed. */
export async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  );
  const database = await openDatabase({ folder, memoryLimit: '128MB', allow: [folder] });
  const found: string[] = [];
  try {
    for (const { parentPath, name } of names) {
      const path = join(parentPath, name);
      const bytes = await readFile(path);
      const contents = [bytes.toString('latin1'), bytes.toString('utf8')];
      if (name.endsWith('.gz')) contents.push(gunzipSync(bytes).toString('utf8'));
      if (name.endsWith('.parquet')) {
        const rows = await database.rows<{ row: string }>(
          `SELECT t::VARCHAR AS row FROM read_parquet(${quoteText(path)}) t`,
        );
        contents.push(...rows.map(({ row }) => row));
      }
      const isIn = contents.some((content) => texts.some((text) => isNamed(content.toLowerCase(), text)));
      if (isIn) found.push(path.slice(folder.length + 1));
    }
    return found;
  } finally {
    await database.close();
  }
}

/** Not as a part of a longer address. */
function isNamed(content: string, text: string): boolean {
  for (let at = content.indexOf(text); at !== -1; at = content.indexOf(text, at + 1)) {
    const [before = ' ', after = ' '] = [content[at - 1], content[at + text.length]];
    if (!/[a-z0-9.]/.test(before) && !/[a-z0-9.]/.test(after)) return true;
  }
  return false;
}
