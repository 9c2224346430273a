import type { Readable } from 'node:stream';
import type * as Identity from '@azure/identity';
import type * as Blob from '@azure/storage-blob';
import type { StorageConfig } from '../../config/object-config';
import type { AzureAddress } from '../../config/root-address';
import { ExportError } from '../../errors';
import type { SecretResolver } from '../../ports/secrets';
import type { Listing, ObjectBody, ObjectStore, ReadRange, StoredObject } from './object-store';
import { type Attempt, asStoreError } from './store-error';
import { withinTime } from './within-time';

const RETRIES = { maxTries: 5, tryTimeoutInMs: 60_000, retryDelayInMs: 200, maxRetryDelayInMs: 5000 };
const GRANT =
  'has the role Storage Blob Data Reader on the container, or a SAS with the permissions read and list (sp=rl)';

/** A container of Azure Blob Storage, or a file system of Data Lake Gen2 by its blob endpoint. */
export class AzureStore implements ObjectStore {
  /** For messages. */
  readonly #name: string;
  readonly #container: Blob.ContainerClient;

  private constructor(name: string, container: Blob.ContainerClient) {
    this.#name = name;
    this.#container = container;
  }

  /** Asks nothing of the store. @throws ExportError CONFIG_INVALID, SECRET_UNAVAILABLE */
  static async open(
    root: AzureAddress,
    storage: StorageConfig,
    secrets: SecretResolver,
  ): Promise<AzureStore> {
    const driver = loadDriver();
    const url = `${(storage.endpoint ?? root.endpoint).replace(/\/+$/, '')}/${root.container}`;
    const options = { retryOptions: RETRIES };
    const name = `az://${root.account}/${root.container}`;
    if (storage.sas !== undefined) {
      const sas = (await secrets.resolve(storage.sas)).replace(/^\?/, '');
      if (!/(^|&)sig=/.test(sas) || /[\s?#/]/.test(sas.replace(/(^|&)(st|se|spr|sip|sig)=[^&]*/g, '')))
        throw new ExportError(
          'CONFIG_INVALID',
          `The secret ${storage.sas} is no shared access signature: it is the part of an address after the question mark, such as sv=…&sp=rl&sig=…. Correct it.`,
        );
      return new AzureStore(name, new driver.ContainerClient(`${url}?${sas}`, undefined, options));
    }
    const credential = await credentialOf(driver, { root, storage, secrets });
    return new AzureStore(name, new driver.ContainerClient(url, credential, options));
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<Listing> {
    let from: string | undefined;
    do {
      // Each page by a client of its own, so that each has the whole time.
      const { segment, continuationToken } = await this.#attempt({ signal }, async (abortSignal) => {
        const listed = this.#container.listBlobsByHierarchy('/', {
          prefix,
          includeMetadata: true,
          abortSignal,
        });
        const pages = listed.byPage({
          maxPageSize: 5000,
          ...(from !== undefined && { continuationToken: from }),
        });
        const { value } = (await pages.next()) as { value?: Blob.ContainerListBlobHierarchySegmentResponse };
        return value ?? { segment: undefined, continuationToken: undefined };
      });
      yield {
        objects: (segment?.blobItems ?? []).filter((blob) => !isFolder(blob)).map(objectOf),
        folders: (segment?.blobPrefixes ?? []).map(({ name }) => name),
      };
      from = continuationToken === '' ? undefined : continuationToken;
    } while (from !== undefined);
  }

  async read({ key, etag }: StoredObject, { from, signal }: ReadRange): Promise<ObjectBody> {
    const { readableStreamBody, contentEncoding } = await this.#attempt({ signal, key }, (abortSignal) =>
      this.#container
        .getBlobClient(key)
        .download(from, undefined, { conditions: { ifMatch: etag }, maxRetryRequests: 0, abortSignal }),
    );
    // The client unpacks these two.
    const isUnpacked = contentEncoding === 'gzip' || contentEncoding === 'deflate';
    return { stream: readableStreamBody as Readable, isUnpacked };
  }

  async #attempt<Result>(
    attempt: Pick<Attempt, 'signal' | 'key'>,
    send: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await withinTime(attempt.signal, send);
    } catch (error) {
      throw asStoreError(error, { ...attempt, store: this.#name, grant: GRANT });
    }
  }

  close(): void {
    // Its connections are those of the process, which end by themselves.
  }
}

/** Data Lake Gen2 has an empty blob for each folder. */
function isFolder({ metadata }: Blob.BlobItem): boolean {
  return metadata?.['hdi_isfolder'] === 'true' || metadata?.['Hdi_isfolder'] === 'true';
}

function objectOf({ name, properties }: Blob.BlobItem): StoredObject {
  const { etag, contentLength = 0, contentMD5 } = properties;
  return {
    key: name,
    size: contentLength,
    // A list has it without the quotes of a header.
    etag: etag.startsWith('"') ? etag : `"${etag}"`,
    ...(contentMD5 && contentMD5.length > 0 && { md5: Buffer.from(contentMD5) }),
  };
}

interface Access {
  readonly root: AzureAddress;
  readonly storage: StorageConfig;
  readonly secrets: SecretResolver;
}

async function credentialOf(driver: typeof Blob, { root, storage, secrets }: Access) {
  if (storage.accountKey !== undefined) {
    const key = await secrets.resolve(storage.accountKey);
    return new driver.StorageSharedKeyCredential(root.account, key);
  }
  const { DefaultAzureCredential } = loadIdentity();
  return new DefaultAzureCredential();
}

/** `require`, since the packages are installed only by those who need them. */
function loadDriver(): typeof Blob {
  try {
    return require('@azure/storage-blob') as typeof Blob;
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      'A root that is az://… needs the package @azure/storage-blob, which is not installed. Install it beside this package: npm install @azure/storage-blob',
    );
  }
}

function loadIdentity(): typeof Identity {
  try {
    return require('@azure/identity') as typeof Identity;
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      'A root that is az://… without storage.sas and storage.accountKey needs the package @azure/identity, which is not installed. Install it beside this package: npm install @azure/identity',
    );
  }
}
