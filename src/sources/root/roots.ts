import { resolve } from 'node:path';
import type { RootedConfig } from '../../config/object-config';
import { type ObjectAddress, parseRoot } from '../../config/root-address';
import { ExportError } from '../../errors';
import { AzureStore } from '../../objects/azure-store';
import type { ObjectStore } from '../../objects/object-store';
import { S3Store } from '../../objects/s3-store';
import { ObjectRoot } from '../objects/object-root';
import { purposeOf } from '../objects/purpose';
import type { SourceOptions } from '../options';
import { FolderRoot } from './folder-root';
import type { SourceRoot } from './source-root';

/** Opens the root of a source for each reading. All of them share the connections to a store. */
export class Roots {
  readonly #config: RootedConfig;
  readonly #options: Pick<SourceOptions, 'baseFolder' | 'secrets'>;
  #store: Promise<ObjectStore> | undefined;

  constructor(config: RootedConfig, options: Pick<SourceOptions, 'baseFolder' | 'secrets'>) {
    this.#config = config;
    this.#options = options;
  }

  /** @throws ExportError CONFIG_INVALID, SECRET_UNAVAILABLE */
  async open(signal: AbortSignal): Promise<SourceRoot> {
    const { root: text = '.' } = this.#config;
    const root = parseRoot(text);
    if (!root) throw new ExportError('CONFIG_INVALID', 'The root of the source is no address. Correct it.');
    if (root.kind === 'folder') return new FolderRoot(resolve(this.#options.baseFolder, root.path));
    this.#store ??= this.#openStore(root);
    const place = root.kind === 's3' ? `s3://${root.bucket}` : `az://${root.account}/${root.container}`;
    const { prefix } = root;
    const address = prefix === '' ? place : `${place}/${prefix}`;
    const purpose = purposeOf(root.kind);
    return new ObjectRoot({ store: await this.#store, address, prefix, purpose, signal });
  }

  #openStore(root: ObjectAddress): Promise<ObjectStore> {
    const { storage = {} } = this.#config;
    const { secrets } = this.#options;
    const access = { storage, secrets, purpose: purposeOf(root.kind) };
    return root.kind === 's3' ? S3Store.open(root, access) : AzureStore.open(root, access);
  }

  /** Releases connections. Repeated, it does nothing. */
  async close(): Promise<void> {
    const store = await this.#store?.catch(() => undefined);
    store?.close();
  }
}

/** Lends a root, with connections of its own. */
export async function withRoot<Result>(
  config: RootedConfig,
  { options, signal }: { readonly options: SourceOptions; readonly signal: AbortSignal },
  work: (root: SourceRoot) => Promise<Result>,
): Promise<Result> {
  const roots = new Roots(config, options);
  try {
    return await work(await roots.open(signal));
  } finally {
    await roots.close();
  }
}
