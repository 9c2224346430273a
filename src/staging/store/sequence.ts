import { join } from 'node:path';
import { listFolder, readDocument, sealDocument } from './atomic-files';

/** Documents that are only ever added: `000001.json`, `000002.json`, … */
export async function listNumbers(folder: string): Promise<number[]> {
  const names = await listFolder(folder);
  return names.filter((name) => /^\d{6,}\.json$/.test(name)).map((name) => Number.parseInt(name, 10));
}

export function readNumbered<Document>(folder: string, number: number): Promise<Document | undefined> {
  return readDocument<Document>(numberedPath(folder, number));
}

/** @returns whether this number was still free */
export function sealNumbered(folder: string, number: number, value: object): Promise<boolean> {
  return sealDocument(numberedPath(folder, number), value);
}

function numberedPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(6, '0')}.json`);
}
