import { posix, join, dirname } from 'node:path';
import { ZodError } from 'zod';
import { ExportError } from '../../errors';
import type { SourceRoot } from '../root/source-root';
import { findModel } from './find-model';
import { parseManifest } from './manifest';
import { parseModelJson } from './model-json';
import type { CdmModel, Publication } from './model';

/**
 * Reads what was published, but no rows.
 *
 * @param path of the model below the root; undefined for the only one @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED, CONFIG_INVALID
 */
export async function readPublication(root: SourceRoot, path: string | undefined): Promise<Publication> {
  const model = path ?? (await findModel(root));
  const folder = dirname(join('/', model)).slice(1);
  const texts: string[] = [model];
  const read = async (file: string): Promise<unknown> => {
    const text = await root.readText(file);
    texts.push(text);
    return parseJson(file, text);
  };
  return { model: await parseModel({ model, folder }, read), folder, text: texts.join('\n') };
}

async function parseModel(
  { model, folder }: { readonly model: string; readonly folder: string },
  read: (file: string) => Promise<unknown>,
): Promise<CdmModel> {
  const json = await read(model);
  try {
    if (!model.endsWith('.manifest.cdm.json')) return parseModelJson(json);
    return await parseManifest(json, (file) => read(file.startsWith('/') ? file : posix.join(folder, file)));
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const [issue] = error.issues;
    const at = issue?.path.join('.') ?? '';
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${model} is no model of the Common Data Model: ${at === '' ? '' : `${at}: `}${issue?.message ?? 'it has another form'}. Name another file as model.`,
    );
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${file} is not valid JSON, so it may be half of a file. Try again when it is complete; copy it last, under another name, and rename it.`,
    );
  }
}
