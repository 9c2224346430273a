import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { errorCode } from '../../config/error-code';
import { ExportError } from '../../errors';

/** What is in a file that an option names; `-`: in standard input. @throws ExportError INPUT_INVALID, before anything was changed */
export async function readGiven(file: string): Promise<string> {
  try {
    return file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new ExportError(
      'INPUT_INVALID',
      `The file ${file} could not be read (${errorCode(error)}). Nothing was changed.`,
    );
  }
}
