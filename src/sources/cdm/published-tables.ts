import { posix } from 'node:path';
import { ExportError } from '../../errors';
import type { DataFile } from '../files/data-file';
import type { FileReading, TableAccess } from '../files/table-access';
import type { SourceRoot } from '../root/source-root';
import { suggest } from '../suggest';
import { checkPartition } from './check-partition';
import { type Location, parseLocation, shown } from './location';
import { encodingOf } from './encoding';
import type { CdmCsv, CdmTable, Publication } from './model';
import { valueText } from './value-text';

/** Where the files of a lake are below the root. */
interface Place {
  readonly folder: string;
  /** How many folders at the beginning of a location are not there: the container, and what the root is below. */
  readonly omitted: number;
}

/** So many partitions are looked for, to find out where the copy begins. */
const TRIED = 20;
/** A file alone says too little: its date is in its folders, and one of yesterday must not be taken for one of today. */
const KEPT = 2;

/** The tables of a publication, by their names, with their files below the root. */
export class PublishedTables implements TableAccess {
  readonly #publication: Publication;
  #place: Promise<Place | undefined> | undefined;

  constructor(publication: Publication) {
    this.#publication = publication;
  }

  async find(name: string, root: SourceRoot): Promise<readonly string[]> {
    const { partitions, unreadable } = this.#table(name);
    if (unreadable !== undefined) throw malformed(`Table "${name}" cannot be read: ${unreadable}.`);
    requireReadable(name, partitions);
    const paths = new Set<string>();
    for (const { location } of partitions)
      paths.add(await this.#locate(name, parseLocation(name, location), root));
    return [...paths].toSorted();
  }

  check(name: string, file: DataFile, reading: FileReading): Promise<void> {
    return checkPartition(this.#table(name), file, reading);
  }

  valueOf({ table, name }: { readonly table: string; readonly name: string }, sql: string): string {
    const column = this.#table(table).columns.find((column) => column.name === name);
    return valueText(sql, column?.type ?? 'string', this.#publication.model.culture);
  }

  #table(name: string): CdmTable {
    const { tables } = this.#publication.model;
    const table = tables.find((table) => table.name === name);
    if (table) return table;
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `The model has no table "${name}". ${suggest(
        name,
        tables.map((table) => table.name),
      )} Correct the configuration, or add the table to the export in Customer Insights.`,
    );
  }

  async #locate(name: string, location: Location, root: SourceRoot): Promise<string> {
    const path = await this.#pathBelowRoot(name, location, root);
    if (path !== undefined && (await root.has(path))) return root.pathOf(path);
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `Table "${name}": the partition ${shown(location)} is not below the root ${root.address}. If the folder is a copy that is being made, try again when it is complete: copy the partitions first, and the model last.`,
    );
  }

  async #pathBelowRoot(
    name: string,
    { storage, steps, isRelative }: Location,
    root: SourceRoot,
  ): Promise<string | undefined> {
    const { folder } = this.#publication;
    if (isRelative) return posix.join(folder, ...steps);
    if (storage === undefined) return posix.join(...steps);
    const known = this.#storage();
    if (storage !== known) {
      throw new ExportError(
        'SOURCE_UNREADABLE',
        `Table "${name}": a partition is in ${storage}, others of the model are in ${String(known)}. Only files of one container can be below the root, so it is not read. Export this table to the same container.`,
      );
    }
    this.#place ??= this.#findPlace(root);
    const place = await this.#place;
    return place && posix.join(place.folder, ...steps.slice(place.omitted));
  }

  /** That of the first location with one. */
  #storage(): string | undefined {
    return this.#locations()[0]?.storage;
  }

  #locations(): Location[] {
    const found: Location[] = [];
    for (const { name, partitions } of this.#publication.model.tables) {
      for (const { location } of partitions) {
        if (found.length === TRIED) return found;
        const parsed = parseIfPossible(name, location);
        if (parsed?.storage !== undefined) found.push(parsed);
      }
    }
    return found;
  }

  /** The same for all locations, so that no table is taken from another copy that happens to have a file of the same name. */
  async #findPlace(root: SourceRoot): Promise<Place | undefined> {
    const folders = [...new Set([this.#publication.folder, ''])];
    for (const { storage, steps } of this.#locations()) {
      if (storage !== this.#storage()) continue;
      for (const folder of folders) {
        for (let omitted = 0; omitted <= steps.length - KEPT; omitted += 1) {
          if (await root.has(posix.join(folder, ...steps.slice(omitted)))) return { folder, omitted };
        }
      }
    }
    return undefined;
  }
}

/** A location that is refused is an error of its own table, not of the others. */
function parseIfPossible(name: string, location: string): Location | undefined {
  try {
    return parseLocation(name, location);
  } catch (error) {
    if (error instanceof ExportError) return undefined;
    throw error;
  }
}

function requireReadable(name: string, partitions: CdmTable['partitions']): void {
  const [first, ...others] = partitions.map(({ csv }) => csv);
  const unreadable = partitions
    .map(({ csv }) => csv.unreadable ?? oddity(csv))
    .find((why) => why !== undefined);
  if (unreadable !== undefined) {
    throw malformed(`Table "${name}": by the model, its partitions ${unreadable}.`);
  }
  if (others.every((csv) => JSON.stringify(csv) === JSON.stringify(first))) return;
  throw malformed(
    `Table "${name}": by the model, its partitions differ in how they are written (delimiter, encoding or header line). Have Customer Insights export again.`,
  );
}

function oddity({ delimiter, encoding }: CdmCsv): string | undefined {
  if (delimiter.length !== 1) return `are split at ${JSON.stringify(delimiter)}, which is not one character`;
  return encodingOf(encoding) === undefined
    ? `are in ${JSON.stringify(encoding)}, an encoding that is not known`
    : undefined;
}

function malformed(message: string): ExportError {
  return new ExportError('SOURCE_MALFORMED', message);
}
