import { posix } from 'node:path';
import { ExportError } from '../../errors';

/** Where a model says that a file is. */
export interface Location {
  /** Account and container, such as `contosolake/customerinsights`; undefined for a path within the lake of the model. */
  readonly storage: string | undefined;
  /** Names of folders, and of the file at the end. With a storage, the container is the first. */
  readonly steps: readonly string[];
  /** Whether the steps start at the folder of the model. */
  readonly isRelative: boolean;
}

const AZURE = /^https?:\/\/([^/?#]+)\/([^?#]*)/i;
const ABFS = /^(?:abfss?|wasbs?):\/\/([^@/?#]+)@([^/?#]+)\/([^?#]*)/i;
/** Of a corpus, such as `adls:/Customer/Customer_1.csv`. */
const NAMESPACE = /^[A-Za-z][\w.+-]*:(?=\/)(?!\/\/)/;

/** @throws ExportError SOURCE_UNREADABLE for a location that no lake has */
export function parseLocation(table: string, text: string): Location {
  const azure = AZURE.exec(text);
  if (azure) {
    const [, host = '', path = ''] = azure;
    const steps = stepsOf(table, path, decodeURIComponent);
    return { storage: `${accountOf(host)}/${steps[0]}`, steps, isRelative: false };
  }
  const abfs = ABFS.exec(text);
  if (abfs) {
    const [, container = '', host = '', path = ''] = abfs;
    const steps = stepsOf(table, `${container}/${path}`, decodeURIComponent);
    return { storage: `${accountOf(host)}/${steps[0]}`, steps, isRelative: false };
  }
  const path = text.replace(NAMESPACE, '');
  if (/^[A-Za-z][\w.+-]*:/.test(path)) throw refused(table, 'it is no address of a lake');
  return {
    storage: undefined,
    steps: stepsOf(table, path, (step) => step),
    isRelative: !path.startsWith('/'),
  };
}

/** The blob endpoint and that of the lake are of one account. */
function accountOf(host: string): string {
  return host.toLowerCase().replace(/\.(?:blob|dfs)\./, '.');
}

function stepsOf(table: string, path: string, decode: (step: string) => string): string[] {
  const steps = path
    .split('/')
    .filter((step) => step !== '' && step !== '.')
    .map((step) => {
      try {
        return decode(step);
      } catch {
        throw refused(table, 'it is no valid address');
      }
    });
  // After decoding: %2e%2e and %2f mean the same to a server.
  if (steps.length === 0 || steps.some((step) => step === '..' || step === '.' || /[/\\\0]/.test(step)))
    throw refused(table, 'it leads to another folder by "..", or has a character that no name has');
  return steps;
}

/** Without the location itself, which may have a signature that is a secret. */
function refused(table: string, why: string): ExportError {
  return new ExportError(
    'SOURCE_UNREADABLE',
    `The model has a location for table "${table}" that is not followed: ${why}. Have Customer Insights export again, or correct the model.`,
  );
}

/** A path below the root, for messages: without account, and so without a signature. */
export function shown({ steps }: Location): string {
  return posix.join(...steps);
}
