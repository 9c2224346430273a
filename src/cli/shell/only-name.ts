import { ExportError } from '../../errors';

const NOT_FOUND = { account: 'ACCOUNT_NOT_FOUND', source: 'SOURCE_NOT_FOUND' } as const;

/** The name of an account or a source that need not be typed where the configuration file has only one. @throws ExportError */
export function onlyName(what: keyof typeof NOT_FOUND, section: object): string {
  const names = Object.keys(section);
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  if (name === undefined) {
    throw new ExportError(NOT_FOUND[what], `The configuration file has no ${what}. Add one under ${what}s.`);
  }
  throw new ExportError(
    'INPUT_INVALID',
    `The configuration file has several ${what}s; name one: ${names.join(', ')}.`,
  );
}
