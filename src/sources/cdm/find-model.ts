import { posix } from 'node:path';
import { ExportError } from '../../errors';
import type { SourceRoot } from '../root/source-root';

/** A model lies three folders below the account at most: container, environment, export. Below are only dated folders of rows. */
const DEEPEST = 3;
const MODELS_SHOWN = 10;

/** Place of the only model below the root. @throws ExportError SOURCE_UNREADABLE, CONFIG_INVALID */
export async function findModel(root: SourceRoot): Promise<string> {
  const found = (await modelsBelow(root, '', 0)).toSorted();
  const [only, another] = found;
  if (only === undefined) {
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `There is no model.json and no *.manifest.cdm.json in ${root.address} or up to ${DEEPEST} folders below. Correct root, set model, or copy the export there.`,
    );
  }
  if (another !== undefined) {
    const more = found.length - MODELS_SHOWN;
    const list = found.slice(0, MODELS_SHOWN).join(', ');
    throw new ExportError(
      'CONFIG_INVALID',
      `There are several models in ${root.address}: ${list}${more > 0 ? ` and ${more} more` : ''}. Set model to one of them.`,
    );
  }
  return only;
}

async function modelsBelow(root: SourceRoot, folder: string, depth: number): Promise<string[]> {
  const entries = await root.list(folder);
  const models = entries.filter(
    ({ name, isFolder }) => !isFolder && (name === 'model.json' || name.endsWith('.manifest.cdm.json')),
  );
  // Below a model are its tables.
  if (models.length > 0) return models.map(({ name }) => posix.join(folder, name));
  if (depth === DEEPEST) return [];
  const found: string[] = [];
  for (const { name, isFolder } of entries) {
    if (isFolder && !name.startsWith('.'))
      found.push(...(await modelsBelow(root, posix.join(folder, name), depth + 1)));
  }
  return found;
}
