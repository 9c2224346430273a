// A source of one's own: customers and their lists come from a service that answers with JSON.
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  ExportError,
  type Cancellable,
  type ExtractRequest,
  type SegmentSource,
  type SourceCheck,
  type SourceDescription,
  type SourceExtract,
  type VersionRequest,
} from 'temporal-mailchimp';

/** What the service answers: all of one moment, so that an export never mixes two states. */
interface Customers {
  /** The first one is the key. */
  readonly attributes: readonly string[];
  readonly profiles: readonly (readonly (string | null)[])[];
  /** Members by their keys. */
  readonly segments: readonly {
    readonly id: string;
    readonly name: string;
    readonly members: readonly string[];
  }[];
}

type Segment = Customers['segments'][number];

/** Reads the service at each call. It is small: all of it fits into memory. */
export class CrmSource implements SegmentSource {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async describe(call: Cancellable = {}): Promise<SourceDescription> {
    return describe(await this.#read(call));
  }

  async check(call: Cancellable = {}): Promise<SourceCheck> {
    const customers = await this.#read(call);
    const { members, unmatched } = count(customers, customers.segments);
    return {
      ...describe(customers),
      profiles: customers.profiles.length,
      members: customers.segments.map(({ id }, index) => ({
        segment: id,
        profiles: members[index]!.size,
        unmatched: unmatched[index]!,
      })),
      unreadable: [],
    };
  }

  async extract({ attributes, segments, into, signal }: ExtractRequest): Promise<SourceExtract> {
    const customers = await this.#read({ signal });
    const positions = attributes.map((name) => positionOf(customers, name));
    const { members, unmatched } = count(
      customers,
      segments.map((id) => segmentOf(customers, id)),
    );
    const rows = customers.profiles.flatMap((profile) => {
      const key = keyOf(profile);
      const isIn = members.map((keys) => (keys.has(key) ? '1' : '0')).join('');
      if (!isIn.includes('1')) return [];
      return [{ key, segments: isIn, values: positions.map((at) => profile[at] || null) }];
    });
    await writeParquet(join(into, 'profiles.parquet'), attributes.length, rows);
    signal?.throwIfAborted();
    return {
      profiles: customers.profiles.length,
      selected: rows.length,
      members: members.map(({ size }) => size),
      unmatched,
      unreadable: [],
    };
  }

  async version({ signal }: VersionRequest): Promise<string> {
    return createHash('sha256')
      .update(JSON.stringify(await this.#read({ signal })))
      .digest('hex');
  }

  async #read({ signal = null }: { readonly signal?: AbortSignal | null | undefined }): Promise<Customers> {
    const reply = await fetch(this.#url, { signal });
    // Any other error counts as transient: the step is tried again. No text of an error may contain a value of a profile.
    if (!reply.ok) throw new Error(`The CRM answered with status ${reply.status}.`);
    return (await reply.json()) as Customers;
  }
}

function describe({ attributes, segments }: Customers): SourceDescription {
  return { attributes, segments: segments.map(({ id, name }) => ({ id, name, digest: id })) };
}

function keyOf([key]: readonly (string | null)[]): string {
  return key?.trim() ?? '';
}

function positionOf({ attributes }: Customers, name: string): number {
  const at = attributes.indexOf(name);
  if (at < 0) throw new ExportError('ATTRIBUTE_NOT_FOUND', `The CRM has no attribute ${name}.`);
  return at;
}

function segmentOf({ segments }: Customers, id: string): Segment {
  const segment = segments.find((one) => one.id === id);
  if (!segment) throw new ExportError('SEGMENT_NOT_FOUND', `The CRM has no list ${id}.`);
  return segment;
}

/** The keys of each segment that are those of a profile, and how many are not. */
function count({ profiles }: Customers, segments: readonly Segment[]) {
  const known = new Set(profiles.map(keyOf));
  const listed = segments.map(({ members }) => members.map((key) => key.trim()));
  return {
    members: listed.map((keys) => new Set(keys.filter((key) => known.has(key)))),
    unmatched: listed.map((keys) => ({ keys: keys.filter((key) => !known.has(key)).length, values: 0 })),
  };
}

interface Row {
  readonly key: string;
  readonly segments: string;
  readonly values: readonly (string | null)[];
}

/** DuckDB writes Parquet: from lines of JSON here, since the rows are few. */
async function writeParquet(file: string, attributes: number, rows: readonly Row[]): Promise<void> {
  const names = ['key', 'segments', ...Array.from({ length: attributes }, (_, index) => `a${index}`)];
  const lines = rows.map(({ key, segments, values }) =>
    JSON.stringify(Object.fromEntries([key, segments, ...values].map((value, at) => [names[at], value]))),
  );
  const json = `${file}.json`;
  await writeFile(json, lines.join('\n'));
  const columns = names.map((name) => `${name}: 'VARCHAR'`).join(', ');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    await connection.run(
      `COPY (FROM read_json(${quoted(json)}, format = 'newline_delimited', columns = {${columns}}))
       TO ${quoted(file)} (FORMAT parquet)`,
    );
  } finally {
    connection.closeSync();
    await rm(json);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
