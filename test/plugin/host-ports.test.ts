import { createHash, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ExportError,
  MailchimpPlugin,
  type MailchimpPluginOptions,
  type SecretResolver,
  type SegmentSource,
  type StagingStore,
} from '../../src';
import { WorkerConfigSchema } from '../../src/config/config';
import { openDatabase } from '../../src/duckdb/open';
import { quoteText } from '../../src/duckdb/quote';
import { openResources } from '../../src/plugin/resources';
import { FolderStore } from '../../src/staging';
import { segmentSourceContract, type SourceContent, stagingStoreContract } from '../../src/testing';
import { runContract } from '../ports/run-contract';
import { AUDIENCE, CONFIGURE, openStage, type Stage } from '../support/stage';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

const PEOPLE: SourceContent = {
  attributes: ['id', 'email', 'first', 'last', 'country'],
  profiles: [
    ['1', 'ada@mail.chinook.org', 'Ada', 'A', 'Norway'],
    ['2', 'bo@mail.chinook.org', 'Bo', 'B', 'Norway'],
    ['3', 'cy@mail.chinook.org', 'Cy', 'C', 'Norway'],
  ],
  segments: [
    { id: 'vip', name: 'VIP', members: ['1'] },
    { id: 'north', name: 'North', members: ['1', '2'] },
  ],
};

/** The least that is a source: it holds its profiles in memory and writes them by DuckDB. */
class MemorySource implements SegmentSource {
  content: SourceContent;

  constructor(content: SourceContent) {
    this.content = content;
  }

  async describe({ signal }: { signal?: AbortSignal | undefined } = {}) {
    signal?.throwIfAborted();
    const { attributes, segments } = this.content;
    return { attributes, segments: segments.map(({ id, name }) => ({ id, name, digest: id })) };
  }

  async check(call: { signal?: AbortSignal | undefined } = {}) {
    const described = await this.describe(call);
    const members = this.content.segments.map(({ id }) => ({
      segment: id,
      profiles: this.#keys(id).size,
      unmatched: this.#unmatched(id),
    }));
    return { ...described, profiles: this.content.profiles.length, members, unreadable: [] };
  }

  async extract({ attributes, segments, into, signal }: Parameters<SegmentSource['extract']>[0]) {
    signal?.throwIfAborted();
    const positions = attributes.map((name) => this.#position(name));
    const keys = segments.map((id) => this.#keys(id));
    const rows = this.content.profiles.flatMap((profile) => {
      const key = profile[0]?.trim() ?? '';
      const bits = keys.map((members) => (members.has(key) ? '1' : '0')).join('');
      return bits.includes('1') ? [[key, bits, ...positions.map((at) => profile[at] ?? null)]] : [];
    });
    const columns = attributes.map((_, index) => `, a${index} VARCHAR`).join('');
    const database = await openDatabase({ folder: into, memoryLimit: '64MB', allow: [into] });
    try {
      await database.run(`CREATE TABLE profiles (key VARCHAR, segments VARCHAR${columns})`);
      await database.append('profiles', rows);
      await database.run(`COPY profiles TO ${quoteText(join(into, 'profiles.parquet'))} (FORMAT parquet)`);
    } finally {
      await database.close();
    }
    return {
      profiles: this.content.profiles.length,
      selected: rows.length,
      members: keys.map((members) => members.size),
      unmatched: segments.map((id) => this.#unmatched(id)),
      unreadable: [],
    };
  }

  #position(name: string): number {
    const at = this.content.attributes.indexOf(name);
    if (at < 0) throw new ExportError('ATTRIBUTE_NOT_FOUND', `There is no attribute ${name}.`);
    return at;
  }

  #listed(id: string): readonly string[] {
    const segment = this.content.segments.find((one) => one.id === id);
    if (!segment) throw new ExportError('SEGMENT_NOT_FOUND', `There is no segment ${id}.`);
    return segment.members.map((key) => key.trim());
  }

  #has(key: string): boolean {
    return this.content.profiles.some(([own]) => own?.trim() === key);
  }

  #unmatched(id: string) {
    return { keys: this.#listed(id).filter((key) => !this.#has(key)).length, values: 0 };
  }

  #keys(id: string): ReadonlySet<string> {
    return new Set(this.#listed(id).filter((key) => this.#has(key)));
  }
}

/** One that can change, and knows a version of what it holds. */
class VersionedSource extends MemorySource {
  /** Called after each extract. */
  afterExtract = () => {};

  async version({ signal }: { signal?: AbortSignal | undefined }) {
    signal?.throwIfAborted();
    return createHash('sha256').update(JSON.stringify(this.content)).digest('hex');
  }

  override async extract(request: Parameters<SegmentSource['extract']>[0]) {
    const extract = await super.extract(request);
    this.afterExtract();
    return extract;
  }
}

/** A store that counts, on top of a folder, as one that keeps its objects at a distance would be. */
class CountingStore implements StagingStore {
  readonly kind = 'counting';
  readonly workFolder: string;
  readonly puts: string[] = [];
  readonly #folder: FolderStore;

  constructor(folder: string) {
    this.#folder = new FolderStore(folder);
    this.workFolder = this.#folder.workFolder;
  }

  put(...[key, content]: Parameters<StagingStore['put']>) {
    this.puts.push(key);
    return this.#folder.put(key, content);
  }
  get(key: string) {
    return this.#folder.get(key);
  }
  head(key: string) {
    return this.#folder.head(key);
  }
  list(folder: string) {
    return this.#folder.list(folder);
  }
  delete(key: string) {
    return this.#folder.delete(key);
  }
  localFile(key: string) {
    return this.#folder.localFile(key);
  }
}

/** Knows keys by a name that the plugin has no idea of. */
class VaultResolver implements SecretResolver {
  readonly asked: string[] = [];
  readonly #texts: Readonly<Record<string, string>>;

  constructor(texts: Readonly<Record<string, string>>) {
    this.#texts = texts;
  }

  async resolve(reference: string): Promise<string> {
    this.asked.push(reference);
    const text = this.#texts[reference];
    if (text !== undefined) return text;
    throw new ExportError('SECRET_UNAVAILABLE', `The vault has no ${reference}.`);
  }
}

function options(change: Partial<MailchimpPluginOptions> = {}): MailchimpPluginOptions {
  const { main } = stage.config.accounts;
  return {
    accounts: { main: { ...main!, apiKey: 'vault:mailchimp/key' } },
    sources: { people: new MemorySource(PEOPLE) },
    ...change,
  };
}

test('an export runs on a source, a store and a secret resolver of the host', async () => {
  const store = new CountingStore(join(stage.folder, 'own-store'));
  const secrets = new VaultResolver({ 'vault:mailchimp/key': stage.sandbox.apiKey });
  const plugin = new MailchimpPlugin(options({ staging: { store }, secrets }));
  await stage.withWorker(
    async () => {
      await stage.connect();
      await stage.configure({ ...CONFIGURE });
      expect(await stage.export()).toMatchObject({
        status: 'completed',
        selected: 2,
        outcomes: { created: 2 },
      });
      expect((await stage.export()).outcomes).toMatchObject({ unchanged: 2 });
    },
    { plugins: [plugin] },
  );
  const members = [...stage.sandbox.members(AUDIENCE)].map(
    ({ email, tags }) => `${email}: ${tags.toSorted().join(', ')}`,
  );
  expect(members.toSorted()).toEqual(['ada@mail.chinook.org: North, VIP', 'bo@mail.chinook.org: North']);
  expect(new Set(secrets.asked)).toEqual(new Set(['vault:mailchimp/key']));
  expect(store.puts.filter((key) => key.endsWith('/baseline.json'))).toHaveLength(2);
  expect(await readdir(stage.folder)).toEqual(['own-store']);
});

test.each<[string, () => SegmentSource, boolean]>([
  ['that knows its version', () => new VersionedSource(PEOPLE), true],
  ['that does not', () => new MemorySource(PEOPLE), false],
  ['that changes while it is read', () => changing(new VersionedSource(PEOPLE)), false],
])('the baseline of an export from a source of the host %s', async (_, open, isKnown) => {
  const secrets = new VaultResolver({ 'vault:mailchimp/key': stage.sandbox.apiKey });
  const plugin = new MailchimpPlugin(
    options({ sources: { people: open() }, staging: { folder: join(stage.folder, 'own') }, secrets }),
  );
  await stage.withWorker(
    async () => {
      await stage.connect();
      await stage.configure({ ...CONFIGURE });
      await stage.export();
      const { baseline } = await stage.client.describe(stage.destinationId);
      expect(baseline).toMatchObject({ size: 2 });
      expect(baseline && 'version' in baseline).toBe(isKnown);
    },
    { plugins: [plugin] },
  );
});

function changing(source: VersionedSource): SegmentSource {
  source.afterExtract = () => {
    source.content = { ...source.content, profiles: source.content.profiles.toReversed() };
  };
  return source;
}

test('a folder and a store at once are refused, and so is a reference that is the key itself', () => {
  const store = new CountingStore(join(stage.folder, 'own-store'));
  expect(() => new MailchimpPlugin(options({ staging: { store, folder: 'rows' } }))).toThrow(
    /staging\.store/,
  );
  const key = `vault:${randomUUID().replaceAll('-', '')}-us1`;
  const accounts = { main: { apiKey: key } };
  const secrets = new VaultResolver({});
  expect(() => new MailchimpPlugin(options({ accounts, secrets }))).toThrow(/accounts\.main\.apiKey/);
});

test('options without sources, or with one that is neither a section nor a source, are refused', () => {
  const { accounts } = options();
  const rest = { accounts, secrets: new VaultResolver({}) };
  for (const sources of [undefined, { people: null }, { people: { kind: 'magic' } }]) {
    const wrong = { ...rest, ...(sources && { sources }) } as unknown as MailchimpPluginOptions;
    expect(() => new MailchimpPlugin(wrong)).toThrow(/sources/);
  }
});

test('without a resolver of the host, only env: and file: are references', () => {
  expect(() => new MailchimpPlugin(options())).toThrow(/accounts\.main\.apiKey/);
});

test('a source of the host is not found under another name, and the error lists it', async () => {
  const config = WorkerConfigSchema.parse({ accounts: {}, sources: {} });
  const resources = await openResources(config, stage.folder, {
    sources: { people: new MemorySource(PEOPLE) },
  });
  await expect(resources.openSource('crm')).rejects.toMatchObject({
    code: 'SOURCE_NOT_FOUND',
    message: expect.stringContaining('people'),
  });
  await resources.close();
});

describe('the contract of SegmentSource, with a source in memory', () => {
  runContract(segmentSourceContract(async (content) => ({ source: new MemorySource(content) })));
});

describe('the contract of SegmentSource, with a source that knows its version', () => {
  runContract(
    segmentSourceContract(async (content) => {
      const source = new VersionedSource(content);
      return {
        source,
        change: async (next) => {
          source.content = next;
        },
      };
    }),
  );
});

describe('the contract of StagingStore, with a store on top of another', () => {
  runContract(
    stagingStoreContract(async () => {
      const folder = join(stage.folder, 'contract');
      return { store: new CountingStore(folder), other: new CountingStore(folder) };
    }),
  );
});
