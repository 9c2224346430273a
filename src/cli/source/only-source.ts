import { ExportError } from '../../errors';

/** @throws ExportError SOURCE_NOT_FOUND, INPUT_INVALID */
export function onlySource(names: readonly string[]): string {
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  if (name === undefined) {
    throw new ExportError('SOURCE_NOT_FOUND', 'The configuration file has no source. Add one under sources.');
  }
  throw new ExportError(
    'INPUT_INVALID',
    `The configuration file has several sources; name one: ${names.join(', ')}.`,
  );
}
